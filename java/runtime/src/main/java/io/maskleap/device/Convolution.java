package io.maskleap.device;

import io.maskleap.kernel.Tensor;

/**
 * A convolution of 3 x 3 taps, stride 1, zero padding 1, on channels-last images.
 *
 * @param weight (out, in * 3 * 3), in the order that {@link DeviceContext#filter} gave it
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

    /**
     * Checks the tensors of one image.
     *
     * @param x (height * width, in)
     * @param y (height * width, out)
     */
    public void require(Tensor x, Tensor y, long height, long width) {
        ProductShape.require("convolution", x.columns() == in() && y.columns() == out() && x.rows() == height * width && y.rows() == x.rows()
                && x.isContiguous() && y.isContiguous(), x, weight, y);
    }
}
