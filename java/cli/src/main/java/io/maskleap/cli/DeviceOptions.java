package io.maskleap.cli;

import io.maskleap.Device;
import io.maskleap.Model;
import io.maskleap.Precision;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options that say where a model runs. */
final class DeviceOptions {
    private enum Kind {
        CPU, EMULATED
    }

    private static final class KindConverter implements ITypeConverter<Kind> {
        @Override
        public Kind convert(String text) {
            return switch (text) {
                case "cpu" -> Kind.CPU;
                case "emulated" -> Kind.EMULATED;
                default -> throw new TypeConversionException("wanted cpu or emulated, got '" + text + "'");
            };
        }
    }

    @Option(names = "--device", paramLabel = "NAME", converter = KindConverter.class,
            description = "cpu, or emulated: the CUDA kernels as plain C++ on the CPU, to check them without a GPU; many times slower. Default: cpu.")
    private Kind kind = Kind.CPU;

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

    Device device() {
        int number = threads != null ? threads : Runtime.getRuntime().availableProcessors();
        return switch (kind) {
            case CPU -> Device.cpu(number);
            case EMULATED -> Device.emulated(number);
        };
    }
}
