package io.maskleap.cli;

import io.maskleap.Device;
import io.maskleap.DeviceChoice;
import io.maskleap.Model;
import io.maskleap.Precision;
import java.nio.file.Path;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The options that say where a model runs. */
final class DeviceOptions {
    private enum Kind {
        CPU, CUDA, AUTO, EMULATED
    }

    /** @param index of the GPU */
    private record Choice(Kind kind, int index) {
    }

    private static final class ChoiceConverter implements ITypeConverter<Choice> {
        private static final Pattern GPU = Pattern.compile("cuda:(\\d{1,4})");

        @Override
        public Choice convert(String text) {
            var gpu = GPU.matcher(text);
            return switch (text) {
                case "cpu" -> new Choice(Kind.CPU, 0);
                case "cuda" -> new Choice(Kind.CUDA, 0);
                case "auto" -> new Choice(Kind.AUTO, 0);
                case "emulated" -> new Choice(Kind.EMULATED, 0);
                case String _ when gpu.matches() -> new Choice(Kind.CUDA, Integer.parseInt(gpu.group(1)));
                default -> throw new TypeConversionException("wanted cpu, cuda, cuda:N (GPU N, from 0), auto or emulated, got '" + text + "'");
            };
        }
    }

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(names = "--device", paramLabel = "NAME", converter = ChoiceConverter.class,
            description = "cpu; cuda or cuda:N: an NVIDIA GPU, 'maskleap devices' shows them; auto: a GPU where one can be used, otherwise the CPU; "
                    + "emulated: what a GPU does, on the CPU, to check it without one; many times slower. Default: cpu.")
    private Choice choice = new Choice(Kind.CPU, 0);

    @Option(names = "--threads", paramLabel = "N", converter = PositiveInteger.class,
            description = "CPU threads; default: one for each core. The result does not depend on it.")
    private Integer threads;

    @Option(names = "--dtype", paramLabel = "DTYPE", converter = PrecisionConverter.class,
            description = "f32 or bf16: what products multiply; the rest is float32. Default: as the weights are stored.")
    private Precision precision;

    /** Opens the model in {@code folder} as the options say. */
    Model open(Path folder) {
        return precision == null ? Model.open(folder, device()) : Model.open(folder, device(), precision);
    }

    /** What {@code --dtype} says, or float32. */
    Precision precisionOrFloat32() {
        return precision == null ? Precision.FLOAT32 : precision;
    }

    /** The device; what {@code auto} chose, and why, is told. */
    Device device() {
        return switch (choice.kind) {
            case CPU -> cpu();
            case CUDA -> withoutThreads(Device.cuda(choice.index));
            case AUTO -> {
                var chosen = DeviceChoice.auto(cpu());
                command.commandLine().getErr().println("device: " + chosen.reason());
                yield chosen.device();
            }
            case EMULATED -> withoutThreads(Device.emulated());
        };
    }

    private Device cpu() {
        return Device.cpu(threads != null ? threads : Runtime.getRuntime().availableProcessors());
    }

    private Device withoutThreads(Device device) {
        if (threads != null) {
            throw new ParameterException(command.commandLine(), "--threads is for the CPU; leave it out with --device cuda and emulated");
        }
        return device;
    }
}
