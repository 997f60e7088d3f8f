package io.maskleap.device;

import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * One device, opened for one model: its memory, and the model's weights in it. What computes is a {@link DeviceStream}; any number
 * may be open at once.
 *
 * <p>Device memory is handed around as segments for their address and size. Only kernels and a stream's {@link DeviceStream#read}
 * and {@link DeviceStream#write} may touch what they hold: on a GPU the host cannot.
 */
public interface DeviceContext extends AutoCloseable {

    /** What the device is, for people. */
    String description();

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

    /**
     * As {@link #weight}, for a convolution's weights, in the order of taps that the device's convolutions want.
     *
     * @param file (out, in * 3 * 3), rows in the order in, height, width, as PyTorch stores it
     */
    Tensor filter(Tensor file, Dtype dtype);

    /** @throws io.maskleap.error.MaskleapException where products and convolutions of {@code dtype} are not to be had here */
    void requireProducts(Dtype dtype);

    /** A stream of its own for a session; closed before this context is. */
    DeviceStream newStream();

    /** Bytes of device memory that a stream takes for itself. */
    long streamBytes();

    /** Frees what the device holds; no stream may be open. */
    @Override
    void close();
}
