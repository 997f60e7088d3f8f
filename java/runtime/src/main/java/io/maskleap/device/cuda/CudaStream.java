package io.maskleap.device.cuda;

import static org.bytedeco.cuda.global.cudart.cudaEventDisableTiming;

import io.maskleap.device.Convolution;
import io.maskleap.device.DeviceStream;
import io.maskleap.device.DeviceThread;
import io.maskleap.device.Linear;
import io.maskleap.device.ReplayCache;
import io.maskleap.kernel.Activation;
import io.maskleap.kernel.Kernels;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUgraphExec_st;
import org.bytedeco.cuda.cudart.CUstream_st;

/** A session's work on a GPU: a CUDA stream, and the libraries' state on it, with a thread of its own that queues. */
final class CudaStream implements DeviceStream {
    /** Steps that may be queued: one runs, and the next is there when it ends. */
    private static final int STEPS_AHEAD = 2;

    private final DeviceThread thread;
    private final List<AutoCloseable> opened = new ArrayList<>();
    private final List<CUevent_st> stepEnds = new ArrayList<>();

    private CUstream_st stream;
    private Kernels kernels;
    private CudaProducts products;
    private CudnnConvolutions convolutions;
    private ReplayCache<CUgraphExec_st> graphs;
    private HostTransfers transfers;
    private long steps;
    private long waitedNanos;
    private final AtomicBoolean closed = new AtomicBoolean();

    /** Opens a stream with a thread of its own, and {@link CudaContext#STREAM_BYTES} of device memory. */
    CudaStream(CudaContext context) {
        thread = new DeviceThread("maskleap-cuda-" + context.index());
        try {
            thread.call(() -> {
                CudaRuntime.setDevice(context.index());
                return CudaRuntime.deviceWide(() -> open(context));
            });
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    private Void open(CudaContext context) {
        var workspace = CudaRuntime.malloc(CudaContext.STREAM_BYTES);
        opened.add(() -> CudaRuntime.free(workspace));
        stream = CudaRuntime.createStream();
        opened.add(() -> CudaRuntime.destroy(stream));
        for (int i = 0; i < STEPS_AHEAD; i++) {
            var event = CudaRuntime.createEvent(cudaEventDisableTiming);
            opened.add(() -> CudaRuntime.destroy(event));
            stepEnds.add(event);
        }
        kernels = new Kernels(context.library(), MemorySegment.ofAddress(stream.address()));
        products = opened(new CudaProducts(context.products(), kernels, stream, workspace));
        convolutions = opened(new CudnnConvolutions(context.convolutions(), stream, workspace));
        transfers = opened(new HostTransfers(stream));
        graphs = opened(new ReplayCache<>(new CudaGraphs(stream)));
        return null;
    }

    private <T extends AutoCloseable> T opened(T part) {
        opened.add(part);
        return part;
    }

    @Override
    public <T> T call(Supplier<T> work) {
        return thread.call(() -> {
            if (closed.get()) {
                throw new IllegalStateException("the device is closed");
            }
            return work.get();
        });
    }

    @Override
    public Kernels kernels() {
        return kernels;
    }

    /** All rows are one product: only the CPU promises the same bits for any batch. */
    @Override
    public void linear(Tensor x, Linear layer, Tensor y, long rowsPerProduct) {
        products.linear(x, layer, y, false);
    }

    @Override
    public void addLinear(Tensor x, Linear layer, Tensor y, long rowsPerProduct) {
        products.linear(x, layer, y, true);
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
        convolve(x, convolution, y, height, width, false);
    }

    @Override
    public void addConvolve(Tensor x, Convolution convolution, Tensor y, long height, long width) {
        convolve(x, convolution, y, height, width, true);
    }

    private void convolve(Tensor x, Convolution convolution, Tensor y, long height, long width, boolean accumulate) {
        convolutions.convolve(x, convolution, y, height, width, accumulate);
        kernels.activation(Activation.NONE, y, convolution.bias(), y);
    }

    @Override
    public void copy(MemorySegment from, MemorySegment to) {
        CudaRuntime.copy(from, to, stream);
    }

    @Override
    public void write(MemorySegment device, Consumer<MemorySegment> fill) {
        transfers.write(device, fill);
    }

    @Override
    public <T> T read(MemorySegment device, Function<MemorySegment, T> use) {
        return transfers.read(device, use);
    }

    @Override
    public int bucket(int size, int most) {
        return Buckets.of(size, most);
    }

    @Override
    public void replay(Object key, Runnable work) {
        graphs.run(key, work);
    }

    @Override
    public void endStep() {
        var end = stepEnds.get((int) (steps % STEPS_AHEAD));
        if (steps >= STEPS_AHEAD) {
            long start = System.nanoTime();
            CudaRuntime.synchronize(end); // as recorded that many steps ago
            waitedNanos += System.nanoTime() - start;
        }
        CudaRuntime.record(end, stream);
        steps++;
    }

    @Override
    public long waitedNanos() {
        return waitedNanos;
    }

    @Override
    public boolean isQueue() {
        return true;
    }

    @Override
    public boolean isWanted() {
        return thread.isWanted();
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            thread.call(() -> {
                waitQuietly();
                return CudaRuntime.deviceWide(this::free);
            });
            thread.close();
        }
    }

    private void waitQuietly() {
        try {
            if (stream != null) {
                CudaRuntime.synchronize(stream);
            }
        } catch (CudaException e) {
            // What failed has been told where it did; what is left is to free.
        }
    }

    private Void free() {
        for (var part : opened.reversed()) {
            try {
                part.close();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
        opened.clear();
        return null;
    }
}
