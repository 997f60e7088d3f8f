package io.maskleap.sampling;

/** Recorded randomness in place of Philox, for a batch of B images. */
@FunctionalInterface
public interface Uniforms {

    /**
     * The uniforms of one step. Each array is (B, tokens) row-major, by grid position, values in (0, 1).
     *
     * @param draw       of the inverse CDF
     * @param confidence of the confidence
     */
    record OfStep(double[] draw, double[] confidence) {
    }

    /** Those of step {@code step}; called on the thread that generates, before the step runs. */
    OfStep of(int step);
}
