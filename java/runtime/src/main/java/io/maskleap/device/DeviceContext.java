package io.maskleap.device;

import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Kernels;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;

/**
 * One device at work for one model: its memory, its thread, our kernels on it, and the vendor library's matrix products
 * and convolutions. The networks are written against it once, for all devices.
 *
 * <p>Everything but {@link #call}, {@link #description} and {@link #allocate} is used on the device's thread only, within
 * {@code call}.
 */
public interface DeviceContext extends AutoCloseable {

    /** What the device is, for people. */
    String description();

    /** Runs {@code work} on the device's thread and waits for it; what it throws is thrown here. */
    <T> T call(Supplier<T> work);

    /** As {@link #call}, for work without a result. */
    default void run(Runnable work) {
        call(() -> {
            work.run();
            return null;
        });
    }

    /** Device memory that lives as long as {@code arena}, filled with zeros, aligned for any kernel. */
    MemorySegment allocate(Arena arena, long bytes);

    /**
     * A weight where the device's kernels can read it. The CPU uses the (mapped) file's memory in place where it has the wanted
     * dtype already.
     *
     * @param file (rows, columns), row-major, in host memory that outlives this context
     * @return the same values, rounded to {@code dtype}
     */
    Tensor weight(Tensor file, Dtype dtype);

    /** @throws io.maskleap.error.MaskleapException where products and convolutions of {@code dtype} are not to be had here */
    void requireProducts(Dtype dtype);

    /** Our kernels. */
    Kernels kernels();

    /**
     * y = activation(x weight^T + bias).
     *
     * <p>Rows are multiplied {@code rowsPerProduct} at a time where the device's library may round differently for
     * other sizes: with the rows of one image, an image's result does not depend on its batch.
     *
     * @param x (rows, in)
     * @param y (rows, out), must not alias x
     */
    void linear(Tensor x, Linear layer, Tensor y, long rowsPerProduct);

    /** y += x weight^T + bias, arguments as of {@link #linear}; the layer has no activation. */
    void addLinear(Tensor x, Linear layer, Tensor y, long rowsPerProduct);

    /** y = a b; a: (M, K), b: (K, N), y: (M, N). */
    void product(Tensor a, Tensor b, Tensor y);

    /** y = a b^T; a: (M, K), b: (N, K), y: (M, N). */
    void productTransposed(Tensor a, Tensor b, Tensor y);

    /** y = convolution(x) for one image; x: (height * width, in), y: (height * width, out), channels-last. */
    void convolve(Tensor x, Convolution convolution, Tensor y, long height, long width);

    /** y += convolution(x), arguments as of {@link #convolve}. */
    void addConvolve(Tensor x, Convolution convolution, Tensor y, long height, long width);

    /** y = x, of the same shape. */
    void copy(Tensor x, Tensor y);

    /** Frees what the device holds; no call may be running or follow. */
    @Override
    void close();
}
