package io.maskleap.sampling;

/**
 * Recorded randomness in place of Philox: the uniforms of each step, for a batch.
 *
 * <p>Each array is (B, tokens) row-major, by grid position, values in (0, 1).
 */
public interface Uniforms {
    /** Uniforms of the inverse CDF in step {@code step}. */
    double[] draw(int step);

    /** Uniforms of the confidence in step {@code step}. */
    double[] confidence(int step);
}
