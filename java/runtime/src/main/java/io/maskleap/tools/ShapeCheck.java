package io.maskleap.tools;

import io.maskleap.device.Convolution;
import io.maskleap.device.DeviceContext;
import io.maskleap.device.Linear;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Kernels;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A device that takes weights and computes nothing. A network constructed on it has checked each of its tensors' names
 * and shapes, and said in which dtype it wants them, so that an import asks the networks themselves what they need, and
 * needs no native library.
 */
final class ShapeCheck implements DeviceContext {
    private final Map<Long, Dtype> wanted = new HashMap<>();

    @Override
    public String description() {
        return "shape check";
    }

    @Override
    public Tensor weight(Tensor file, Dtype dtype) {
        wanted.put(file.data().address(), dtype);
        return file;
    }

    /** The dtype that a network wanted of the weight at {@code data}. */
    Dtype wanted(MemorySegment data) {
        return wanted.get(data.address());
    }

    @Override
    public void requireProducts(Dtype dtype) {
    }

    @Override
    public <T> T call(Supplier<T> work) {
        throw computesNothing();
    }

    @Override
    public MemorySegment allocate(Arena arena, long bytes) {
        throw computesNothing();
    }

    @Override
    public Kernels kernels() {
        throw computesNothing();
    }

    @Override
    public void linear(Tensor x, Linear layer, Tensor y, long rowsPerProduct) {
        throw computesNothing();
    }

    @Override
    public void addLinear(Tensor x, Linear layer, Tensor y, long rowsPerProduct) {
        throw computesNothing();
    }

    @Override
    public void product(Tensor a, Tensor b, Tensor y) {
        throw computesNothing();
    }

    @Override
    public void productTransposed(Tensor a, Tensor b, Tensor y) {
        throw computesNothing();
    }

    @Override
    public void convolve(Tensor x, Convolution convolution, Tensor y, long height, long width) {
        throw computesNothing();
    }

    @Override
    public void addConvolve(Tensor x, Convolution convolution, Tensor y, long height, long width) {
        throw computesNothing();
    }

    @Override
    public void copy(Tensor x, Tensor y) {
        throw computesNothing();
    }

    @Override
    public void close() {
    }

    private static UnsupportedOperationException computesNothing() {
        return new UnsupportedOperationException("a shape check computes nothing");
    }
}
