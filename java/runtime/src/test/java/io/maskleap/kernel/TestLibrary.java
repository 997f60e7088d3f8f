package io.maskleap.kernel;

import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * The library under test: the one that the system property {@code maskleap.native.path} names, so that any library on host
 * memory can be put through these tests; otherwise the CPU library of this build.
 */
final class TestLibrary {
    private static final Path PATH = Path.of(System.getProperty("maskleap.native.path", "../../native/build/libmaskleap_cpu.so"));

    /** So many threads unless a test asks for another number. */
    private static final int THREADS = 2;

    private TestLibrary() {}

    /** Opened with the first test and kept: a library with running OpenMP threads is not unloaded. */
    private static final class Opened {
        static final KernelLibrary LIBRARY = KernelLibrary.open(PATH);
        static final Kernels KERNELS = new Kernels(LIBRARY, MemorySegment.NULL);

        static {
            KERNELS.setThreads(THREADS);
        }
    }

    static Path path() {
        return PATH;
    }

    static Kernels kernels() {
        return Opened.KERNELS;
    }

    static String lastError() {
        return Opened.LIBRARY.lastError();
    }

    /** What {@code work} computes with so many threads. */
    static <T> T onThreads(int threads, Supplier<T> work) {
        Opened.KERNELS.setThreads(threads);
        try {
            return work.get();
        } finally {
            Opened.KERNELS.setThreads(THREADS);
        }
    }

    /** For tests of what only the CPU can refuse: values that lie in device memory, and dtypes that only it lacks. */
    static void assumeCpu() {
        assumeFalse(PATH.getFileName().toString().contains("cuda"), "a CUDA library does not read device memory on the host");
    }
}
