package io.maskleap.device.cpu;

import io.maskleap.device.DeviceContext;
import io.maskleap.device.DeviceStream;
import io.maskleap.device.DeviceThread;
import io.maskleap.error.MaskleapException;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.KernelLibrary;
import io.maskleap.kernel.Kernels;
import io.maskleap.kernel.Recorder;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * The CPU: host memory, oneDNN for products and convolutions, and a kernel library on host memory (the built-in one, the
 * emulated CUDA library, or a researcher's own).
 */
public final class CpuContext implements DeviceContext {
    private static final long ALIGNMENT = 64;

    /**
     * Memory of a stream: parameters of recorded calls. A full step of MaskGIT-512 has 8 KB of them, a shortcut step 1 KB, and a generation of 32 steps
     * as many recordings; of the most that are kept, the parameters are a few percent of a small model's session.
     */
    private static final long STREAM_BYTES = 128 << 10;

    /** One for all contexts: there is one OpenMP team however many callers there are. */
    private static final DeviceThread THREAD = new DeviceThread("maskleap-cpu");

    private final int threads;
    private final int team;
    private final Recorder recorder = new Recorder();
    private final KernelLibrary library;
    private final Kernels kernels;
    private final CpuProducts products;
    private final Arena convertedWeights = Arena.ofShared();
    private boolean closed; // of the device's thread

    /**
     * Starts the CPU with {@code threads} threads and the kernel library for this processor, unless {@link CpuLibrary} is told
     * another.
     *
     * <p>The environment (OMP_THREAD_LIMIT) or the system may leave fewer threads; {@link #description} then says so.
     *
     * @throws MaskleapException where a native library is missing, cannot be loaded or has another ABI version
     */
    public CpuContext(int threads) {
        this(threads, null);
    }

    /** As {@link #CpuContext(int)}, with the kernel library at {@code path}; null: the default. */
    public CpuContext(int threads, Path path) {
        if (threads < 1) {
            throw new MaskleapException("threads is " + threads + ", wanted at least 1");
        }
        this.threads = threads;
        OneDnn.get();
        library = path != null ? KernelLibrary.open(path) : CpuLibrary.open();
        products = new CpuProducts(recorder);
        try {
            kernels = new Kernels(library, MemorySegment.NULL, recorder);
            team = THREAD.call(() -> kernels.setThreads(threads));
        } catch (RuntimeException | Error e) {
            products.close();
            library.close();
            throw e;
        }
    }

    @Override
    public String description() {
        return library.info() + ", " + team + (team == 1 ? " thread" : " threads") + (team < threads ? " (" + threads + " asked; a limit leaves no more)" : "");
    }

    /** Runs {@code work} on the CPU's thread, with this context's number of OpenMP threads. */
    <T> T call(Supplier<T> work) {
        return THREAD.call(() -> {
            if (closed) {
                throw new IllegalStateException("the device is closed");
            }
            kernels.setThreads(threads);
            return work.get();
        });
    }

    /** Whether other work, of any context, waits for the CPU's thread. */
    boolean isWanted() {
        return THREAD.isWanted();
    }

    private void run(Runnable work) {
        call(() -> {
            work.run();
            return null;
        });
    }

    @Override
    public MemorySegment allocate(Arena arena, long bytes) {
        return arena.allocate(bytes, ALIGNMENT);
    }

    /** In place, but for a bias or norm that the file does not align: oneDNN reads these with aligned instructions. Matrices are packed anyway. */
    @Override
    public Tensor weight(Tensor file, Dtype dtype) {
        if (file.dtype() == dtype && !(file.rows() == 1 && file.data().address() % ALIGNMENT != 0)) {
            return file;
        }
        var converted = Tensor.of(allocate(convertedWeights, file.rows() * file.columns() * dtype.bytes()), dtype, file.rows(), file.columns());
        if (file.dtype() == dtype) {
            converted.data().copyFrom(file.data().asSlice(0, file.byteSize()));
        } else {
            run(() -> kernels.convert(file, converted));
        }
        return converted;
    }

    @Override
    public void requireProducts(Dtype dtype) {
        run(() -> products.require(dtype));
    }

    @Override
    public Tensor filter(Tensor file, Dtype dtype) {
        return weight(file, dtype); // oneDNN packs it once it knows the shape
    }

    @Override
    public DeviceStream newStream() {
        return new CpuStream(this, kernels, products, recorder);
    }

    @Override
    public long streamBytes() {
        return STREAM_BYTES;
    }

    @Override
    public void close() {
        run(() -> {
            closed = true;
            products.close();
            library.close();
            convertedWeights.close();
        });
    }
}
