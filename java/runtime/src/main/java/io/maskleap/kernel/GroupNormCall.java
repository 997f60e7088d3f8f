package io.maskleap.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Arguments of the group norm; all memory is the device's. Shapes as in {@code leap_group_norm_params}.
 *
 * @param x       (images * pixels, C), channels-last
 * @param gamma   (1, C) float32
 * @param beta    (1, C) float32
 * @param y       (images * pixels, C), may be x
 * @param images  each has statistics of its own
 * @param groups  divides C
 * @param swish   whether y = z sigmoid(z) of the norm's z
 * @param scratch at least {@link #scratchBytes} bytes that no other call under way uses; what they hold means nothing
 */
public record GroupNormCall(Tensor x, Tensor gamma, Tensor beta, Tensor y, long images, long groups, float eps, boolean swish,
        MemorySegment scratch) {
    /** {@code LEAP_GROUP_NORM_SCRATCH} of the header. */
    private static final long SCRATCH_BYTES_PER_GROUP = 2048;

    /** Bytes of scratch that a call wants, whatever the images' size. */
    public static long scratchBytes(long images, long groups) {
        return images * groups * SCRATCH_BYTES_PER_GROUP;
    }
}
