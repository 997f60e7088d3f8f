package io.maskleap.device.cuda;

import static org.bytedeco.cuda.global.cudart.cudaEventDisableTiming;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUstream_st;

/**
 * Pinned host buffers through which a stream's data goes to the GPU, in turn: one is filled again only when the GPU has copied from it. From memory
 * that is not pinned a copy may wait for all that is queued.
 */
final class PinnedBuffers implements AutoCloseable {

    /** @param copied happens when the GPU has copied from {@code memory} */
    private record Buffer(MemorySegment memory, CUevent_st copied) {
    }

    private final long bytes;
    private final CUstream_st stream;
    private final List<Buffer> buffers = new ArrayList<>();
    private int turn;

    /** Takes {@code count} buffers of {@code bytes} each. */
    PinnedBuffers(int count, long bytes, CUstream_st stream) {
        this.bytes = bytes;
        this.stream = stream;
        try {
            for (int i = 0; i < count; i++) {
                add();
            }
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    private void add() {
        var copied = CudaRuntime.createEvent(cudaEventDisableTiming);
        try {
            buffers.add(new Buffer(CudaRuntime.mallocHost(bytes), copied));
        } catch (RuntimeException e) {
            CudaRuntime.destroy(copied);
            throw e;
        }
    }

    /** Bytes that one upload may have. */
    long bytes() {
        return bytes;
    }

    /** Queues a copy of what {@code fill} writes into a host segment of {@code device}'s size. */
    void upload(MemorySegment device, Consumer<MemorySegment> fill) {
        var buffer = buffers.get(turn);
        turn = (turn + 1) % buffers.size();
        CudaRuntime.synchronize(buffer.copied); // at first there is nothing to wait for
        var host = buffer.memory.asSlice(0, device.byteSize());
        fill.accept(host);
        CudaRuntime.copy(host, device, stream);
        CudaRuntime.record(buffer.copied, stream);
    }

    @Override
    public void close() {
        for (var buffer : buffers) {
            CudaRuntime.destroy(buffer.copied);
            CudaRuntime.freeHost(buffer.memory);
        }
        buffers.clear();
    }
}
