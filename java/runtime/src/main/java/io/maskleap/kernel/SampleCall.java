package io.maskleap.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Arguments of the fused token sampler; all pointers are device memory. Shapes as in {@code leap_sample_params}.
 *
 * @param logits      (B * sequencesPerImage * rowCapacity, V): per image its conditional rows, then its unconditional rows
 * @param rowCapacity rows of one sequence in {@code logits}, at least the step's masked count
 * @param bias        (tokens, at least V columns) float32, added by grid position; null: none
 * @param positions   (B, tokens) int32: masked grid positions
 * @param seeds       (B) int64: Philox keys
 * @param uDraw       recorded uniforms, float64, or {@link MemorySegment#NULL}: Philox
 * @param uConfidence (B, tokens) recorded uniforms, float64, or {@link MemorySegment#NULL}: Philox
 * @param step        a {@link StepBlock}
 * @param sampled     out (B, tokens) int32, by row
 * @param confidence  out (B, tokens) float32, by row
 * @param draw        how a code is drawn
 * @param noise       dtype of the Gumbel noise
 */
public record SampleCall(BatchShape grid, Tensor logits, long rowCapacity, Tensor bias, MemorySegment positions, MemorySegment seeds,
        MemorySegment uDraw, MemorySegment uConfidence, MemorySegment step, MemorySegment sampled, MemorySegment confidence,
        Draw draw, Dtype noise) {

    /** How a code is drawn from the logits; the order is that of {@code LEAP_DRAW_...}. */
    public enum Draw { INVERSE_CDF, GUMBEL_MAX, ARGMAX }
}
