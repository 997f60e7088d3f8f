package io.maskleap.benchmarks.subject;

import io.maskleap.Device;
import io.maskleap.device.NativeBundle;
import io.maskleap.device.cpu.CpuContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A kernel library to measure.
 *
 * @param name as the tables show it
 * @param path empty: the built-in one for this processor
 */
public record Library(String name, Optional<Path> path) {
    /** The word for the built-in library. */
    public static final String BUILT_IN = "built-in";

    /** The instruction sets that the built-in library is compiled for. */
    private static final List<String> LEVELS = List.of("x86-64-v4-bf16", "x86-64-v4", "x86-64-v3", "x86-64", "portable");

    /**
     * The library that {@code text} names: {@value #BUILT_IN}, the built-in one for another instruction set ({@code x86-64-v3}), or
     * the path of one that implements {@code maskleap.h}.
     *
     * @throws IllegalArgumentException where there is no such file
     */
    public static Library of(String text) {
        if (text.equals(BUILT_IN)) {
            return new Library("maskleap", Optional.empty());
        }
        if (LEVELS.contains(text)) {
            return new Library("maskleap, " + text, Optional.of(NativeBundle.maskleap("libmaskleap_cpu_" + text + ".so")));
        }
        var path = Path.of(text);
        if (!Files.isRegularFile(path)) {
            throw new IllegalArgumentException("library " + text + ": no such file, wanted " + BUILT_IN + ", one of " + String.join(", ", LEVELS)
                    + ", or the path of a library that implements maskleap.h");
        }
        return new Library(path.getFileName().toString(), Optional.of(path.toAbsolutePath()));
    }

    /** The CPU with this library. */
    CpuContext context(int threads) {
        return new CpuContext(threads, path.orElse(null));
    }

    /** The same, as a model takes it. */
    Device device(int threads) {
        return path.map(file -> Device.cpu(threads, file)).orElseGet(() -> Device.cpu(threads));
    }
}
