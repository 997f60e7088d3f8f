package io.maskleap;

import java.nio.file.Path;
import java.util.Optional;

/** Where a model runs: an explicit choice, never a silent fallback. */
public sealed interface Device {

    /**
     * The CPU.
     *
     * @param threads OpenMP threads, shared by our kernels and oneDNN; the result does not depend on it
     * @param library a kernel library of one's own that implements {@code maskleap.h}; empty: the built-in one
     */
    record Cpu(int threads, Optional<Path> library) implements Device {
    }

    /**
     * The CUDA kernels, compiled as plain C++ and run on the CPU thread by thread: for checking them without a GPU, many times
     * slower than {@link Cpu}.
     *
     * @param threads threads of the matrix products and convolutions, which are oneDNN's
     */
    record Emulated(int threads) implements Device {
    }

    /** The CPU with a thread for each of its cores. */
    static Device cpu() {
        return cpu(Runtime.getRuntime().availableProcessors());
    }

    /** The CPU with {@code threads} threads. */
    static Device cpu(int threads) {
        return new Cpu(threads, Optional.empty());
    }

    /** The CPU with {@code threads} threads and the kernel library at {@code library}. */
    static Device cpu(int threads, Path library) {
        return new Cpu(threads, Optional.of(library));
    }

    /** The emulated CUDA kernels, with {@code threads} threads for what is oneDNN's. */
    static Device emulated(int threads) {
        return new Emulated(threads);
    }
}
