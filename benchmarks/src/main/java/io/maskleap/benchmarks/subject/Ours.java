package io.maskleap.benchmarks.subject;

import io.maskleap.kernel.Dtype;

/** How our runtime computes a row, with any kernel library. */
@FunctionalInterface
public interface Ours {

    /** The computation by {@code library} on {@code threads} threads, in {@code dtype}. */
    Subject open(Library library, int threads, Dtype dtype);
}
