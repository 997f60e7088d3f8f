package io.maskleap.device;

import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Device memory of a session, handed out once and in order. Laid out twice by the same code: first measured, so that the
 * session can say what it needs before it takes it, then for real.
 */
public final class Workspace {
    /** As much as any library looks at: a product of two sizes is then the same product wherever its operands lie. */
    private static final long ALIGNMENT = 256;

    private final MemorySegment memory;
    private long used;

    private Workspace(MemorySegment memory) {
        this.memory = memory;
    }

    /** A workspace that only counts: what it hands out has a size but no memory behind it. */
    public static Workspace measuring() {
        return new Workspace(MemorySegment.NULL.reinterpret(Long.MAX_VALUE));
    }

    /** A workspace in {@code memory}. */
    public static Workspace in(MemorySegment memory) {
        return new Workspace(memory);
    }

    /** {@code bytes} of device memory, aligned for any kernel. */
    public MemorySegment bytes(long bytes) {
        var slice = memory.asSlice(used, bytes);
        used += Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
        return slice;
    }

    public MemorySegment ints(long count) {
        return bytes(count * Integer.BYTES);
    }

    public Tensor tensor(Dtype dtype, long rows, long columns) {
        return Tensor.of(bytes(rows * columns * dtype.bytes()), dtype, rows, columns);
    }

    /** Bytes handed out so far, with the gaps of alignment. */
    public long used() {
        return used;
    }
}
