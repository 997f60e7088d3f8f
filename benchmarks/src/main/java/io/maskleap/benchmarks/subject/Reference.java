package io.maskleap.benchmarks.subject;

import io.maskleap.kernel.Dtype;
import io.maskleap.weights.RawTensor;
import io.maskleap.weights.SafetensorsFile;
import io.maskleap.weights.SafetensorsWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What libtorch computes in float32 of a network: what every library's result is compared with. A process of its own computes it, so that
 * libtorch's threads and memory are not in the one that is timed, and leaves it in a file.
 *
 * @param name    which network, of which model
 * @param bfloat16Tolerance what a result in bfloat16 may be off, as a part of the largest value
 * @param results what it computes, by row
 */
public record Reference(String name, double bfloat16Tolerance, List<float[]> results) {
    /** The system property that names the folder for the files; without it, a process has its own. */
    public static final String FOLDER_PROPERTY = "maskleap.benchmarks.references";

    /** The program that computes them: its arguments are the file to write, the model, and which network. */
    private static final String PROGRAM = "io.maskleap.benchmarks.libtorch.ReferenceProgram";

    /** Parts of the largest value. What rounding to bfloat16 costs, libtorch's own errors tell: 1 to 3 % where the residual stream is float32, else 4 to 6 %. */
    private static final double FLOAT32_TOLERANCE = 1e-4;
    private static final double STEP_TOLERANCE = 0.05;
    private static final double DECODER_TOLERANCE = 0.1;

    private static Path ownFolder;

    /** Features (2, T, C) and logits (2, masked, K), without the head's bias, of {@link StepInputs}. */
    public static Reference step(BenchmarkModel model, boolean full) {
        return of(model + (full ? " full step" : " shortcut step"), STEP_TOLERANCE, model.name(), full ? "full" : "shortcut");
    }

    /** Pixels (height * width, 3) of {@link DecodeSubject#codes}. */
    public static Reference image(BenchmarkModel model, int grid) {
        return of(model + " decoder", DECODER_TOLERANCE, model.name(), "decode", Integer.toString(grid));
    }

    private static synchronized Reference of(String name, double bfloat16Tolerance, String... arguments) {
        var file = folder().resolve(String.join("-", arguments) + ".safetensors");
        if (!Files.exists(file)) {
            compute(name, file, arguments);
        }
        try (var source = SafetensorsFile.open(file)) {
            return new Reference(name, bfloat16Tolerance, IntStream.range(0, source.names().size()).mapToObj(i -> source.tensor(Integer.toString(i)).toFloats()).toList());
        }
    }

    /** Writes the file that a reference is read from. */
    public static void write(List<float[]> results, Path file) {
        SafetensorsWriter.write(file, IntStream.range(0, results.size())
                .mapToObj(i -> RawTensor.ofFloats(Integer.toString(i), results.get(i), results.get(i).length)).toList(), Map.of());
    }

    /** Compares each of {@code actual} with its result, as {@link Subject#verify} does. */
    public double require(Dtype dtype, float[]... actual) {
        double error = 0;
        for (int i = 0; i < actual.length; i++) {
            error = Math.max(error, Comparison.of(name, actual[i], results.get(i)).require(dtype == Dtype.F32 ? FLOAT32_TOLERANCE : bfloat16Tolerance));
        }
        return error;
    }

    private static Path folder() {
        var named = System.getProperty(FOLDER_PROPERTY);
        if (named != null) {
            return Path.of(named);
        }
        try {
            if (ownFolder == null) {
                ownFolder = Files.createTempDirectory("maskleap-references");
                ownFolder.toFile().deleteOnExit();
            }
            return ownFolder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void compute(String name, Path file, String... arguments) {
        var command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow", "-cp", System.getProperty("java.class.path"), PROGRAM, file.toString()));
        command.addAll(List.of(arguments));
        try {
            int status = new ProcessBuilder(command).inheritIO().start().waitFor();
            if (status != 0) {
                throw new IllegalStateException(name + ": libtorch cannot compute what to compare with (its process ended with " + status + ")");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(name + ": interrupted", e);
        }
        if (System.getProperty(FOLDER_PROPERTY) == null) {
            file.toFile().deleteOnExit();
        }
    }
}
