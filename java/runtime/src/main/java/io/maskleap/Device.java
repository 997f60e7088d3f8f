package io.maskleap;

import io.maskleap.error.MaskleapException;
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
     * A GPU of NVIDIA's, of compute capability 8.0 or more.
     *
     * @param index its number, from 0, as CUDA counts
     */
    record Cuda(int index) implements Device {
        public Cuda {
            if (index < 0) {
                throw new MaskleapException("GPU " + index + ", wanted 0 or more");
            }
        }
    }

    /**
     * As {@link Cuda}, without a GPU: the CUDA kernels as plain C++ on the processor, thread by thread, and stand-ins for CUDA's libraries. For
     * checking, many times slower than {@link Cpu}. A process that has used it cannot use {@link Cuda}, nor the other way round.
     */
    record Emulated() implements Device {
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

    /** The first GPU. */
    static Device cuda() {
        return cuda(0);
    }

    /** The GPU that CUDA counts as {@code index}, from 0. */
    static Device cuda(int index) {
        return new Cuda(index);
    }

    /** An emulated GPU. */
    static Device emulated() {
        return new Emulated();
    }
}
