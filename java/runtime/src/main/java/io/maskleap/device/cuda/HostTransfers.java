package io.maskleap.device.cuda;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import java.util.function.Function;
import org.bytedeco.cuda.cudart.CUstream_st;

/**
 * A stream's data on its way between host and GPU. What a step writes goes through small pinned buffers and waits for nothing; what begins or ends a
 * generation goes through one that grows to the largest, and is waited for.
 */
final class HostTransfers implements AutoCloseable {
    /** Two steps may be queued, and each writes its parameters. */
    private static final int SMALL_BUFFERS = 4;
    private static final long SMALL_BYTES = 64 << 10;

    private final CUstream_st stream;
    private final PinnedBuffers small;
    private MemorySegment large = MemorySegment.NULL;

    HostTransfers(CUstream_st stream) {
        this.stream = stream;
        small = new PinnedBuffers(SMALL_BUFFERS, SMALL_BYTES, stream);
    }

    /** Copies what {@code fill} writes into a host segment of {@code device}'s size. */
    void write(MemorySegment device, Consumer<MemorySegment> fill) {
        if (device.byteSize() <= small.bytes()) {
            small.upload(device, fill);
            return;
        }
        var host = large(device.byteSize());
        fill.accept(host);
        CudaRuntime.copy(host, device, stream);
        CudaRuntime.synchronize(stream);
    }

    /** Waits for all that is queued, and gives what {@code device} holds to {@code use}. */
    <T> T read(MemorySegment device, Function<MemorySegment, T> use) {
        var host = large(device.byteSize());
        CudaRuntime.copy(device, host, stream);
        CudaRuntime.synchronize(stream);
        return use.apply(host);
    }

    private MemorySegment large(long bytes) {
        if (large.byteSize() < bytes) {
            freeLarge();
            large = CudaRuntime.mallocHost(bytes);
        }
        return large.asSlice(0, bytes);
    }

    private void freeLarge() {
        if (large.byteSize() > 0) {
            CudaRuntime.freeHost(large);
            large = MemorySegment.NULL;
        }
    }

    @Override
    public void close() {
        small.close();
        freeLarge();
    }
}
