package io.maskleap.device.cpu;

import io.maskleap.device.NativeBundle;
import io.maskleap.error.MaskleapException;
import io.maskleap.kernel.KernelLibrary;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Which kernel library the CPU gets: the same sources are compiled for several instruction sets. */
final class CpuLibrary {
    /** Names a kernel library to use in place of the built-in ones. */
    static final String PATH_PROPERTY = "maskleap.native.path";

    /** The environment variable that asks for one of {@link #LEVELS}. */
    static final String LEVEL_VARIABLE = "MASKLEAP_ISA";

    /** The best first; every processor of the architecture has the last one. */
    static final List<String> LEVELS = System.getProperty("os.arch").equals("amd64") ? List.of("x86-64-v4-bf16", "x86-64-v4", "x86-64-v3", "x86-64") : List.of("portable");

    private CpuLibrary() {
    }

    /** The library that {@value #PATH_PROPERTY} names, or that of the level that {@value #LEVEL_VARIABLE} asks for, or the best one. */
    static KernelLibrary open() {
        var named = System.getProperty(PATH_PROPERTY);
        if (named != null) {
            return named(Path.of(named));
        }
        var level = System.getenv(LEVEL_VARIABLE);
        return level != null ? ofLevel(level) : best();
    }

    /**
     * The library for one instruction set.
     *
     * @throws MaskleapException where there is none of this name, or the processor lacks it
     */
    static KernelLibrary ofLevel(String level) {
        if (!LEVELS.contains(level)) {
            throw new MaskleapException(LEVEL_VARIABLE + "=" + level + " is no instruction set of this library (" + String.join(", ", LEVELS) + ")");
        }
        return KernelLibrary.open(path(level));
    }

    private static KernelLibrary named(Path path) {
        if (!Files.isRegularFile(path)) {
            throw new MaskleapException("-D" + PATH_PROPERTY + "=" + path + ": no such file, wanted a library that implements maskleap.h");
        }
        return KernelLibrary.open(path);
    }

    private static KernelLibrary best() {
        for (var level : LEVELS.subList(0, LEVELS.size() - 1)) {
            var library = KernelLibrary.openIfSupported(path(level));
            if (library.isPresent()) {
                return library.get();
            }
        }
        return ofLevel(LEVELS.getLast());
    }

    private static Path path(String level) {
        return NativeBundle.maskleap("libmaskleap_cpu_" + level + ".so");
    }
}
