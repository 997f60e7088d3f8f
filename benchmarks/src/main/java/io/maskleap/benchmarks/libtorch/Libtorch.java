package io.maskleap.benchmarks.libtorch;

import io.maskleap.benchmarks.subject.Facts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.global.torch;

/**
 * libtorch, set up as well as a user can: a peer that is set up badly is no peer. What that takes:
 *
 * <ul>
 * <li>OpenBLAS has threads of its own (pthreads). Where libtorch calls it from each of its OpenMP threads, as in attention, it must
 *     use one thread, or the threads wait for each other a thousand times longer than they compute; where libtorch calls it once, as in
 *     a linear layer, it must use all. So its threads are switched around attention.
 * <li>MKL uses libtorch's own OpenMP (the GNU layer), and knows by itself when it is called from one of its threads.
 * <li>Memory that was freed is kept and used again: by default the C library gives large blocks back to the system, and their
 *     pages are then zeroed in each operation anew. (The environment variables MALLOC_MMAP_THRESHOLD_ and MALLOC_TRIM_THRESHOLD_ do
 *     the same for any program.)
 * <li>No gradients are recorded.
 * </ul>
 */
public final class Libtorch {
    private static final int M_TRIM_THRESHOLD = -1;
    private static final int M_MMAP_THRESHOLD = -3;
    private static final String FOLDER = "/org/bytedeco/pytorch/" + Loader.getPlatform() + "/";
    private static final int KEPT_BYTES = 1 << 30;

    private static final Pattern VERSION = Pattern.compile("TORCH_VERSION=([0-9.]+)");
    private static final Pattern CAPABILITY = Pattern.compile("CPU capability usage: (\\S+)");

    private static Blas blas;
    private static int threads;
    private static MethodHandle setOpenBlasThreads;

    private Libtorch() {
    }

    /** Whether libtorch for this platform is on the class path. */
    public static boolean isPresent() {
        return Libtorch.class.getResource(FOLDER + "libtorch_cpu.so") != null;
    }

    /** Loads libtorch with {@code wanted} and {@code threadCount} threads, for the life of the process: it cannot be set up anew. */
    public static synchronized void start(Blas wanted, int threadCount) {
        if (blas != null) {
            if (blas != wanted || threads != threadCount) {
                throw new IllegalStateException("libtorch runs with " + blas + " and " + threads + " threads already");
            }
            return;
        }
        C.call("mallopt", M_MMAP_THRESHOLD, KEPT_BYTES);
        C.call("mallopt", M_TRIM_THRESHOLD, KEPT_BYTES);
        var count = Integer.toString(threadCount);
        C.setenv("OMP_NUM_THREADS", count);
        C.setenv("OPENBLAS_NUM_THREADS", count);
        C.setenv("MKL_NUM_THREADS", count);
        C.setenv("MKL_THREADING_LAYER", "GNU");
        if (wanted == Blas.MKL) {
            System.setProperty("org.bytedeco.openblas.load", "mkl_rt");
        }
        loadOurs();
        torch.set_num_threads(threadCount);
        setOpenBlasThreads = wanted == Blas.OPENBLAS ? function("openblas_set_num_threads") : null;
        blas = wanted;
        threads = threadCount;
        Facts.put("library", description());
    }

    /**
     * Loads the libraries of the class path in the order in which they need each other. JavaCPP loads libtorch.so before it has unpacked libtorch_cpu.so,
     * and the loader then takes the distribution's where one is installed: a process with both crashes.
     */
    private static void loadOurs() {
        Loader.load(openblas.class);
        for (var name : List.of("libgomp.so.1", "libc10.so", "libtorch_cpu.so")) {
            try {
                System.load(Loader.cacheResource(Libtorch.class, FOLDER + name).getPath());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static MethodHandle function(String name) {
        var address = MemorySegment.ofAddress(Loader.addressof(name).address());
        return Linker.nativeLinker().downcallHandle(address, FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT));
    }

    /** What it is, with the instruction set that it uses: {@code libtorch 2.10.0, AVX512, 2 threads}. */
    private static String description() {
        var build = torch.show_config().getString();
        return "libtorch " + find(VERSION, build) + ", " + find(CAPABILITY, build) + ", " + threads + (threads == 1 ? " thread" : " threads");
    }

    private static String find(Pattern pattern, String text) {
        var matcher = pattern.matcher(text);
        return matcher.find() ? matcher.group(1) : "?";
    }

    /** No gradients in what the calling thread computes, until the result is closed. */
    static InferenceMode inference() {
        return new InferenceMode(true);
    }

    /** Before an operation that calls the BLAS from each of libtorch's threads. */
    static void useBlasFromManyThreads() {
        setOpenBlasThreads(1);
    }

    /** Before operations that call the BLAS once, which is the rule. */
    static void useBlasFromOneThread() {
        setOpenBlasThreads(threads);
    }

    private static void setOpenBlasThreads(int count) {
        if (setOpenBlasThreads == null) {
            return;
        }
        try {
            setOpenBlasThreads.invokeExact(count);
        } catch (Throwable t) {
            throw new IllegalStateException(t);
        }
    }

    /** Functions of the C library. */
    private static final class C {
        private static MethodHandle find(String name, FunctionDescriptor type) {
            return Linker.nativeLinker().downcallHandle(Linker.nativeLinker().defaultLookup().find(name).orElseThrow(), type);
        }

        static void call(String name, int first, int second) {
            var function = find(name, FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
            try {
                var _ = (int) function.invokeExact(first, second);
            } catch (Throwable t) {
                throw new IllegalStateException(t);
            }
        }

        /** Sets a variable for libraries that are loaded later. */
        static void setenv(String name, String value) {
            var function = find("setenv", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
            try (var arena = Arena.ofConfined()) {
                var _ = (int) function.invokeExact(arena.allocateFrom(name), arena.allocateFrom(value), 1);
            } catch (Throwable t) {
                throw new IllegalStateException(t);
            }
        }
    }
}
