package io.maskleap.kernel;

import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * The library under test: the one that the system property {@code maskleap.native.path} names, so that any library on host
 * memory can be put through these tests; otherwise the CPU library of this build that uses most of this processor.
 */
final class TestLibrary {
    private static final List<String> CPU_LIBRARIES = Stream.of("x86-64-v4-bf16", "x86-64-v4", "x86-64-v3", "x86-64", "portable")
            .map(level -> "../../native/build/libmaskleap_cpu_" + level + ".so").toList();

    /** So many threads unless a test asks for another number. */
    private static final int THREADS = 2;

    private TestLibrary() {}

    /** Opened with the first test and kept: a library with running OpenMP threads is not unloaded. */
    private static final class Opened {
        static final Optional<KernelLibrary> LIBRARY = candidates().filter(Files::exists)
                .flatMap(path -> KernelLibrary.openIfSupported(path).stream()).findFirst();
        static final Kernels KERNELS = LIBRARY.map(library -> new Kernels(library, MemorySegment.NULL)).orElse(null);

        static {
            if (KERNELS != null) {
                KERNELS.setThreads(THREADS);
            }
        }

        private static Stream<Path> candidates() {
            var named = System.getProperty("maskleap.native.path");
            return (named != null ? Stream.of(named) : CPU_LIBRARIES.stream()).map(Path::of);
        }
    }

    /** Aborts the test where this machine cannot run the library. */
    private static KernelLibrary library() {
        assumeTrue(Opened.LIBRARY.isPresent(), "this machine cannot run " + System.getProperty("maskleap.native.path"));
        return Opened.LIBRARY.get();
    }

    static Path path() {
        return library().path();
    }

    static Kernels kernels() {
        library();
        return Opened.KERNELS;
    }

    static String lastError() {
        return library().lastError();
    }

    /** What {@code work} computes with so many threads. */
    static <T> T onThreads(int threads, Supplier<T> work) {
        kernels().setThreads(threads);
        try {
            return work.get();
        } finally {
            kernels().setThreads(THREADS);
        }
    }

    /** For tests of what only the CPU can refuse: values that lie in device memory. */
    static void assumeCpu() {
        assumeFalse(path().getFileName().toString().contains("cuda"), "a CUDA library does not read device memory on the host");
    }
}
