package io.maskleap.device;

import io.maskleap.error.MaskleapException;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.KernelLibrary;
import io.maskleap.kernel.Kernels;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * The CPU: host memory, oneDNN for products and convolutions, and a kernel library on host memory (the built-in one, the
 * emulated CUDA library, or a researcher's own).
 */
public final class CpuContext implements DeviceContext {
    /** Names a kernel library to use in place of the built-in one. */
    public static final String LIBRARY_PROPERTY = "maskleap.native.path";

    private static final long ALIGNMENT = 64;

    private final int threads;
    private final KernelLibrary library;
    private final Kernels kernels;
    private final CpuProducts products;
    private boolean closed; // of the device's thread

    /**
     * Starts the CPU with {@code threads} threads and the library that {@value #LIBRARY_PROPERTY} names, or the built-in one.
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
        library = KernelLibrary.open(path != null ? path : defaultLibrary());
        products = new CpuProducts();
        try {
            kernels = new Kernels(library, MemorySegment.NULL);
            DeviceThread.call(() -> {
                kernels.setThreads(threads);
                return null;
            });
        } catch (RuntimeException | Error e) {
            products.close();
            library.close();
            throw e;
        }
    }

    /** As {@link #CpuContext(int)}, with the CUDA kernels' emulation. */
    public static CpuContext emulated(int threads) {
        return new CpuContext(threads, NativeBundle.maskleap("libmaskleap_cuda_emulated.so"));
    }

    private static Path defaultLibrary() {
        var named = System.getProperty(LIBRARY_PROPERTY);
        if (named == null) {
            return NativeBundle.maskleap("libmaskleap_cpu.so");
        }
        if (!Files.isRegularFile(Path.of(named))) {
            throw new MaskleapException("-D" + LIBRARY_PROPERTY + "=" + named + ": no such file, wanted a library that implements maskleap.h");
        }
        return Path.of(named);
    }

    @Override
    public String description() {
        return library.info() + ", " + threads + (threads == 1 ? " thread" : " threads");
    }

    @Override
    public <T> T call(Supplier<T> work) {
        return DeviceThread.call(() -> {
            if (closed) {
                throw new IllegalStateException("the device is closed");
            }
            kernels.setThreads(threads);
            return work.get();
        });
    }

    @Override
    public MemorySegment allocate(Arena arena, long bytes) {
        return arena.allocate(bytes, ALIGNMENT);
    }

    @Override
    public Tensor weight(MemorySegment file, Dtype dtype, long rows, long columns) {
        return Tensor.of(file, dtype, rows, columns);
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
    public void copy(Tensor x, Tensor y) {
        if (!x.isContiguous() || !y.isContiguous() || x.byteSize() != y.byteSize()) {
            throw new IllegalArgumentException("copy of " + x + " to " + y);
        }
        MemorySegment.copy(x.data(), 0, y.data(), 0, x.byteSize());
    }

    @Override
    public void close() {
        run(() -> {
            closed = true;
            products.close();
            library.close();
        });
    }
}
