package io.maskleap.benchmarks.subject;

import io.maskleap.kernel.Dtype;

/**
 * A sampler's sizes: one image's rows with guidance.
 *
 * @param codebook V
 * @param gumbel   whether a code is drawn by Gumbel-max; else by inverse CDF
 */
public record SamplerShape(int rows, int codebook, boolean gumbel) {

    /** Conditional and unconditional logits, read once. */
    public Work work(Dtype dtype) {
        return new Work(0, 2.0 * rows * codebook * dtype.bytes());
    }

    /** rows x codebook. */
    @Override
    public String toString() {
        return rows + "x" + codebook;
    }
}
