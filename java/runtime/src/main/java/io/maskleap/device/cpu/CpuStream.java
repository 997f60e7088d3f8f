package io.maskleap.device.cpu;

import io.maskleap.device.Convolution;
import io.maskleap.device.DeviceStream;
import io.maskleap.device.Linear;
import io.maskleap.device.ReplayCache;
import io.maskleap.kernel.Kernels;
import io.maskleap.kernel.Recorder;
import io.maskleap.kernel.Recording;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/** The CPU at work: every call is done when it returns, and device memory is host memory. */
final class CpuStream implements DeviceStream {
    private final CpuContext context;
    private final Kernels kernels;
    private final CpuProducts products;
    private final Recorder recorder;
    private final ReplayCache<Recording> recordings;
    private final AtomicBoolean closed = new AtomicBoolean();

    /** @param recorder makes the calls of {@code kernels} and {@code products}, which are those of all streams */
    CpuStream(CpuContext context, Kernels kernels, CpuProducts products, Recorder recorder) {
        this.context = context;
        this.kernels = kernels;
        this.products = products;
        this.recorder = recorder;
        recordings = new ReplayCache<>(new CpuRecordings(recorder));
    }

    @Override
    public <T> T call(Supplier<T> work) {
        return context.call(work);
    }

    @Override
    public Kernels kernels() {
        return kernels;
    }

    @Override
    public void linear(Tensor x, Linear layer, Tensor y, long rowsPerProduct) {
        products.linear(x, layer, y, rowsPerProduct, false);
    }

    @Override
    public void addLinear(Tensor x, Linear layer, Tensor y, long rowsPerProduct) {
        products.linear(x, layer, y, rowsPerProduct, true);
    }

    @Override
    public void product(Tensor a, Tensor b, Tensor y) {
        products.product(a, b, y, false);
    }

    @Override
    public void productTransposed(Tensor a, Tensor b, Tensor y) {
        products.product(a, b, y, true);
    }

    @Override
    public void convolve(Tensor x, Convolution convolution, Tensor y, long height, long width) {
        products.convolve(x, convolution, y, height, width, false);
    }

    @Override
    public void addConvolve(Tensor x, Convolution convolution, Tensor y, long height, long width) {
        products.convolve(x, convolution, y, height, width, true);
    }

    @Override
    public void copy(MemorySegment from, MemorySegment to) {
        if (recorder.isRecording()) {
            recorder.call(() -> to.copyFrom(from));
        } else {
            to.copyFrom(from);
        }
    }

    @Override
    public void write(MemorySegment device, Consumer<MemorySegment> fill) {
        requireNotRecording("a write");
        fill.accept(device);
    }

    @Override
    public <T> T read(MemorySegment device, Function<MemorySegment, T> use) {
        requireNotRecording("a read");
        return use.apply(device);
    }

    private void requireNotRecording(String what) {
        if (recorder.isRecording()) {
            throw new IllegalStateException(what + " by the host within replayed work");
        }
    }

    @Override
    public int bucket(int size, int most) {
        return size;
    }

    @Override
    public void replay(Object key, Runnable work) {
        recordings.run(key, work);
    }

    @Override
    public void endStep() {
        // Nothing is queued.
    }

    @Override
    public long waitedNanos() {
        return 0;
    }

    @Override
    public boolean isQueue() {
        return false;
    }

    @Override
    public boolean isWanted() {
        return context.isWanted();
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            run(recordings::close);
        }
    }
}
