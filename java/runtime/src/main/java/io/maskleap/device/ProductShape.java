package io.maskleap.device;

import io.maskleap.kernel.Activation;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Tensor;

/**
 * What makes two matrix products the same work for a library: y = activation(x w + bias), or y += x w + bias. What is prepared once per
 * shape is kept by it.
 *
 * @param M          rows of x and y
 * @param N          columns of y
 * @param K          columns of x
 * @param xStride    elements from one row of x to the next
 * @param wStride    the same of w, as it lies in memory
 * @param yStride    the same of y
 * @param transposed whether w lies in memory as (N, K), as a linear layer's weight does, rather than as (K, N)
 * @param biased     whether there is a bias
 * @param accumulate whether the result is added to y
 * @param operands   dtype of x and w
 * @param result     dtype of y
 */
public record ProductShape(long M, long N, long K, long xStride, long wStride, long yStride, boolean transposed, boolean biased, boolean accumulate,
        Activation activation, Dtype operands, Dtype result) {

    /**
     * Of {@code rows} rows of a linear layer.
     *
     * @param x (a multiple of {@code rows}, in)
     * @param y (as many, out)
     */
    public static ProductShape of(Tensor x, Linear layer, Tensor y, long rows, boolean accumulate) {
        var weight = layer.weight();
        require("linear", x.columns() == layer.in() && y.columns() == layer.out() && x.rows() == y.rows() && x.rows() % rows == 0, x, weight, y);
        return new ProductShape(rows, layer.out(), layer.in(), x.stride(), weight.stride(), y.stride(), true, layer.bias() != null, accumulate,
                layer.activation(), x.dtype(), y.dtype());
    }

    /** Of y = a b, or y = a b^T where {@code transposed}. */
    public static ProductShape of(Tensor a, Tensor b, Tensor y, boolean transposed) {
        long inner = transposed ? b.columns() : b.rows();
        long outer = transposed ? b.rows() : b.columns();
        require("product", a.columns() == inner && y.columns() == outer && a.rows() == y.rows(), a, b, y);
        return new ProductShape(a.rows(), outer, inner, a.stride(), b.stride(), y.stride(), transposed, false, false, Activation.NONE, a.dtype(),
                y.dtype());
    }

    /** Of a square product of dtype {@code dtype}: for asking whether there are any. */
    public static ProductShape square(int side, Dtype dtype) {
        return new ProductShape(side, side, side, side, side, side, true, false, false, Activation.NONE, dtype, dtype);
    }

    /** Checks the tensors of a product or a convolution. */
    static void require(String operation, boolean fit, Tensor x, Tensor weight, Tensor y) {
        if (!fit) {
            throw new IllegalArgumentException(operation + ": x " + shape(x) + ", weight " + shape(weight) + " and y " + shape(y) + " do not fit");
        }
        if (weight.dtype() != x.dtype() || (x.dtype() == Dtype.F32 && y.dtype() != Dtype.F32)) {
            throw new IllegalArgumentException(operation + ": x is " + x.dtype() + ", weight " + weight.dtype() + " and y " + y.dtype()
                    + ", wanted operands of one dtype, and F32 of F32");
        }
    }

    private static String shape(Tensor tensor) {
        return "(" + tensor.rows() + ", " + tensor.columns() + ")";
    }
}
