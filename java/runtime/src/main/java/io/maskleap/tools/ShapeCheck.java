package io.maskleap.tools;

import io.maskleap.device.DeviceContext;
import io.maskleap.device.DeviceStream;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

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
    public Tensor filter(Tensor file, Dtype dtype) {
        return weight(file, dtype);
    }

    @Override
    public MemorySegment allocate(Arena arena, long bytes) {
        throw computesNothing();
    }

    @Override
    public DeviceStream newStream() {
        throw computesNothing();
    }

    @Override
    public long streamBytes() {
        return 0;
    }

    @Override
    public void close() {
    }

    private static UnsupportedOperationException computesNothing() {
        return new UnsupportedOperationException("a shape check computes nothing");
    }
}
