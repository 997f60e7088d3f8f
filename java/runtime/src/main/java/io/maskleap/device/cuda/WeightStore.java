package io.maskleap.device.cuda;

import io.maskleap.device.Convolution;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Kernels;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.cuda.cudart.CUstream_st;

/**
 * A model's weights on the GPU: copied from the mapped files once, through pinned buffers of bounded size, one of which is filled while the GPU
 * copies from another, and converted there where they are stored in another dtype. Of the context's thread.
 */
final class WeightStore implements AutoCloseable {
    private static final int STAGING_BUFFERS = 2;
    private static final long STAGING_BYTES = 8 << 20;
    private static final long SLAB_BYTES = 64 << 20;
    private static final long ALIGNMENT = 256;

    private final CUstream_st stream;
    private final Kernels kernels;
    private final List<MemorySegment> slabs = new ArrayList<>();
    private MemorySegment free = MemorySegment.NULL;
    private MemorySegment scratch = MemorySegment.NULL;
    private PinnedBuffers staging;

    /** Work goes to {@code stream}, on which {@code kernels} work too. */
    WeightStore(CUstream_st stream, Kernels kernels) {
        this.stream = stream;
        this.kernels = kernels;
    }

    /** A copy of {@code file}, (rows, columns) in host memory, rounded to {@code dtype}; queued. */
    Tensor add(Tensor file, Dtype dtype) {
        var target = Tensor.of(allocate(file.rows() * file.columns() * dtype.bytes()), dtype, file.rows(), file.columns());
        if (file.dtype() == dtype) {
            upload(file, target.data());
        } else {
            var stored = Tensor.of(scratch(file.byteSize()), file.dtype(), file.rows(), file.columns());
            upload(file, stored.data());
            kernels.convert(stored, target);
        }
        return target;
    }

    /** As {@link #add}, of a convolution's weights, (out, in * 3 * 3), which become (out, 3 * 3 * in), as channels-last convolutions want them. */
    Tensor addFilter(Tensor file, Dtype dtype) {
        try (var arena = Arena.ofConfined()) {
            var reordered = Tensor.of(arena.allocate(file.byteSize(), Long.BYTES), file.dtype(), file.rows(), file.columns());
            reorder(file, reordered.data());
            return add(reordered, dtype);
        }
    }

    private static void reorder(Tensor file, MemorySegment target) {
        int taps = Convolution.TAPS * Convolution.TAPS;
        long in = file.columns() / taps;
        for (long out = 0; out < file.rows(); out++) {
            long first = out * file.columns();
            for (long c = 0; c < in; c++) {
                for (int tap = 0; tap < taps; tap++) {
                    copyElement(file.dtype(), file.data(), first + c * taps + tap, target, first + tap * in + c);
                }
            }
        }
    }

    private static void copyElement(Dtype dtype, MemorySegment from, long i, MemorySegment to, long j) {
        switch (dtype) {
            case F32 -> to.setAtIndex(ValueLayout.JAVA_FLOAT, j, from.getAtIndex(ValueLayout.JAVA_FLOAT, i));
            case BF16 -> to.setAtIndex(ValueLayout.JAVA_SHORT, j, from.getAtIndex(ValueLayout.JAVA_SHORT, i));
        }
    }

    /** Device memory for as long as the store is open. */
    MemorySegment allocate(long bytes) {
        long size = Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
        if (size > free.byteSize()) {
            free = CudaRuntime.malloc(Math.max(size, SLAB_BYTES));
            slabs.add(free);
        }
        var memory = free.asSlice(0, bytes);
        free = free.asSlice(size);
        return memory;
    }

    /** Device memory of one weight on its way; the stream's order keeps the next from overwriting it too early. */
    private MemorySegment scratch(long bytes) {
        if (scratch.byteSize() < bytes) {
            freeScratch();
            scratch = CudaRuntime.malloc(bytes);
        }
        return scratch.asSlice(0, bytes);
    }

    private void freeScratch() {
        if (scratch.byteSize() > 0) {
            CudaRuntime.synchronize(stream);
            CudaRuntime.free(scratch);
            scratch = MemorySegment.NULL;
        }
    }

    private void upload(Tensor file, MemorySegment device) {
        if (staging == null) {
            staging = new PinnedBuffers(STAGING_BUFFERS, STAGING_BYTES, stream);
        }
        for (long at = 0; at < file.byteSize(); at += STAGING_BYTES) {
            long bytes = Math.min(STAGING_BYTES, file.byteSize() - at);
            var part = file.data().asSlice(at, bytes);
            staging.upload(device.asSlice(at, bytes), pinned -> pinned.copyFrom(part));
        }
    }

    /** Waits for what is on its way, and frees what only the way needed. */
    void finishLoading() {
        CudaRuntime.synchronize(stream);
        freeScratch();
        closeStaging();
    }

    private void closeStaging() {
        if (staging != null) {
            staging.close();
            staging = null;
        }
    }

    @Override
    public void close() {
        closeStaging();
        if (scratch.byteSize() > 0) {
            CudaRuntime.free(scratch);
        }
        slabs.forEach(CudaRuntime::free);
        slabs.clear();
    }
}
