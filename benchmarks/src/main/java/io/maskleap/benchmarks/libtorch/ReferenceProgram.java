package io.maskleap.benchmarks.libtorch;

import io.maskleap.benchmarks.subject.BenchmarkModel;
import io.maskleap.benchmarks.subject.Reference;
import java.nio.file.Path;
import java.util.List;

/** The process that computes with libtorch in float32 what results are compared with. */
public final class ReferenceProgram {
    private ReferenceProgram() {
    }

    /**
     * Computes a reference and writes it to a file.
     *
     * @param arguments the file, and the name, such as {@code DEMO full}, {@code DEMO shortcut} or {@code DEMO decode 16}
     */
    public static void main(String... arguments) {
        Libtorch.start(Blas.MKL, Runtime.getRuntime().availableProcessors());
        Reference.write(compute(arguments), Path.of(arguments[0]));
    }

    private static List<float[]> compute(String... arguments) {
        var model = BenchmarkModel.valueOf(arguments[1]);
        return switch (arguments[2]) {
            case "full" -> new StepPeer(model, true).reference();
            case "shortcut" -> new StepPeer(model, false).reference();
            case "decode" -> new DecodePeer(model, Integer.parseInt(arguments[3])).reference();
            default -> throw new IllegalArgumentException("no reference: " + arguments[2]);
        };
    }
}
