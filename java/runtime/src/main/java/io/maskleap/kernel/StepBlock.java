package io.maskleap.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The values of {@code leap_step}: what kernels read of a step from device memory, so that a captured step can be
 * replayed with other values.
 *
 * @param index           step i, part of every Philox counter
 * @param masked          masked tokens of each image before the step
 * @param toFix           tokens that the step fixes in each image
 * @param confidence      what the confidence is
 * @param maskRatio       masked / tokens
 * @param guidance        w_i of (1 + w_i) conditional - w_i unconditional
 * @param drawScale       factor on the logits for the draw
 * @param confidenceScale factor on the logits for the confidence
 * @param confidenceNoise weight of the Gumbel noise on the log-probability
 */
public record StepBlock(int index, int masked, int toFix, Confidence confidence, float maskRatio, float guidance,
        float drawScale, float confidenceScale, float confidenceNoise) {

    /** What ranks the sampled codes; the order is that of {@code LEAP_CONFIDENCE_...}. */
    public enum Confidence { LOG_PROBABILITY, PROBABILITY, UNIFORM }

    /** Bytes of the block. */
    public static final long BYTES = ParameterStruct.STEP.bytes;

    /** Writes the block to host memory, at least {@link #BYTES} long. */
    public void writeTo(MemorySegment block) {
        block.set(ValueLayout.JAVA_INT, 0, index);
        block.set(ValueLayout.JAVA_INT, 4, masked);
        block.set(ValueLayout.JAVA_INT, 8, toFix);
        block.set(ValueLayout.JAVA_INT, 12, confidence.ordinal());
        block.set(ValueLayout.JAVA_FLOAT, 16, maskRatio);
        block.set(ValueLayout.JAVA_FLOAT, 20, guidance);
        block.set(ValueLayout.JAVA_FLOAT, 24, drawScale);
        block.set(ValueLayout.JAVA_FLOAT, 28, confidenceScale);
        block.set(ValueLayout.JAVA_FLOAT, 32, confidenceNoise);
        block.set(ValueLayout.JAVA_INT, 36, 0);
    }
}
