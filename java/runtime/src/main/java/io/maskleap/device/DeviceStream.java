package io.maskleap.device;

import io.maskleap.kernel.Kernels;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Work on a device, done in the order in which it is called for: our kernels, the vendor library's matrix products and convolutions,
 * and copies. The networks are written against it once, for all devices. On a GPU a call returns when its work is queued, on the CPU
 * when it is done.
 *
 * <p>Everything but {@link #call}, {@link #run} and {@link #close} is used on the stream's thread only, within {@code call}.
 */
public interface DeviceStream extends AutoCloseable {

    /** Runs {@code work} on the stream's thread and waits for it; what it throws is thrown here. */
    <T> T call(Supplier<T> work);

    /** As {@link #call}, for work without a result. */
    default void run(Runnable work) {
        call(() -> {
            work.run();
            return null;
        });
    }

    // ---- computing ----

    /** Our kernels, on this stream. */
    Kernels kernels();

    /**
     * y = activation(x weight^T + bias).
     *
     * <p>Rows are multiplied {@code rowsPerProduct} at a time where the same result is promised for any batch: with the rows of one
     * image, an image's result does not depend on its batch.
     *
     * @param x     (rows, in)
     * @param layer its weight must not change once it was used: a device may keep it in a layout of its own
     * @param y     (rows, out), must not alias x
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

    // ---- moving data ----

    /** to = from, of the same size; both device memory. */
    void copy(MemorySegment from, MemorySegment to);

    /** As {@link #copy(MemorySegment, MemorySegment)}, of tensors without gaps. */
    default void copy(Tensor x, Tensor y) {
        if (!x.isContiguous() || !y.isContiguous() || x.byteSize() != y.byteSize()) {
            throw new IllegalArgumentException("copy of " + x + " to " + y);
        }
        copy(x.data().asSlice(0, x.byteSize()), y.data().asSlice(0, y.byteSize()));
    }

    /**
     * Fills device memory from the host; waits for nothing that is queued.
     *
     * @param fill writes all of a host segment of {@code device}'s size, whose bytes are then in {@code device} for all work that follows
     */
    void write(MemorySegment device, Consumer<MemorySegment> fill);

    /**
     * Waits for all that is queued, and gives what {@code device} holds.
     *
     * @param use reads a host segment of {@code device}'s size and bytes, and must not keep it
     */
    <T> T read(MemorySegment device, Function<MemorySegment, T> use);

    // ---- repeating ----

    /**
     * What a size that varies from step to step is rounded up to, so that steps share what {@link #replay} and the products keep
     * for each size; on the CPU the size itself.
     *
     * @param size 1 to {@code most}
     * @param most the largest such size
     */
    int bucket(int size, int most);

    /**
     * Does {@code work}, which only computes and copies. When it comes for the second time it is recorded under {@code key}, a GPU's as a graph,
     * the CPU's as a list of native calls, and from then on the recording is repeated: so work of equal keys must make the same calls with the same
     * arguments, and what differs lies in device memory.
     *
     * @param key compared by {@code equals}
     * @throws IllegalStateException within replayed work
     */
    void replay(Object key, Runnable work);

    /** Says that a step of a generation ends here, and waits where more than two are queued. */
    void endStep();

    /** How long {@link #endStep} has waited in all, in nanoseconds. */
    long waitedNanos();

    /** Whether steps can be queued ahead of their execution. */
    boolean isQueue();

    /** Whether other work waits for the stream's thread; asked on it. */
    boolean isWanted();

    /** Waits for what is queued, and frees what the stream holds; does nothing the second time. */
    @Override
    void close();
}
