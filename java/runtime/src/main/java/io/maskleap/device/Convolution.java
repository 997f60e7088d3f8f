package io.maskleap.device;

import io.maskleap.kernel.Tensor;

/**
 * A convolution of 3 x 3 taps, stride 1, zero padding 1, on channels-last images.
 *
 * @param weight (out, in * 3 * 3), rows in the order in, height, width, as PyTorch stores it
 * @param bias   (1, out) float32
 */
public record Convolution(Tensor weight, Tensor bias) {
    /** Taps on each side. */
    public static final int TAPS = 3;

    public long in() {
        return weight.columns() / (TAPS * TAPS);
    }

    public long out() {
        return weight.rows();
    }
}
