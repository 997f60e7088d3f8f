package io.maskleap.device.cuda;

import io.maskleap.device.DeviceContext;
import io.maskleap.device.DeviceStream;
import io.maskleap.device.DeviceThread;
import io.maskleap.error.MaskleapException;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.KernelLibrary;
import io.maskleap.kernel.Kernels;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.bytedeco.cuda.cudart.CUstream_st;

/**
 * A GPU, through the CUDA runtime, cuBLASLt and cuDNN of the JavaCPP presets, and our kernels. Its weights are loaded on a thread of its
 * own; each stream has another.
 */
public final class CudaContext implements DeviceContext {
    /** Device memory of a stream: what cuBLASLt and cuDNN may use beside the operands. */
    static final long STREAM_BYTES = 64 << 20;

    /** Our kernels, by file, loaded for the life of the process: the CUDA runtime within them is not made to be unloaded. */
    private static final Map<Path, KernelLibrary> LIBRARIES = new ConcurrentHashMap<>();

    private final int index;
    private final String description;
    private final DeviceThread thread;
    private KernelLibrary library;
    private CUstream_st loading;
    private WeightStore weights;
    private CudaProducts.Shared products;
    private final Map<CudnnConvolutions.Shape, CudnnConvolutions.Algorithm> convolutions = new ConcurrentHashMap<>();
    private boolean streamsAreOpen;

    /**
     * Opens a GPU.
     *
     * @param index its number, from 0
     * @throws MaskleapException where CUDA cannot be used, and why, or there is no such GPU
     */
    public static CudaContext of(int index) {
        return new CudaContext(installation(CudaProbe.probe()), index);
    }

    /**
     * As {@link #of}, with libraries that stand in for CUDA's on a machine without a GPU: they queue, capture and copy as CUDA does, and compute
     * on the processor, our kernels thread by thread.
     */
    public static CudaContext emulated(int index) {
        return new CudaContext(installation(CudaProbe.emulated()), index);
    }

    private static CudaInstallation installation(CudaProbe.Result result) {
        return switch (result) {
            case CudaProbe.Usable usable -> usable.installation();
            case CudaProbe.Unusable unusable -> throw new MaskleapException(unusable.sentence());
        };
    }

    private CudaContext(CudaInstallation installation, int index) {
        this.index = index;
        thread = new DeviceThread("maskleap-cuda-" + index + "-weights");
        try (installation) {
            var gpu = installation.gpu(index);
            installation.load();
            description = call(() -> {
                open(installation.kernels());
                return description(gpu, installation.findings());
            });
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    private String description(Gpu gpu, CudaFindings findings) {
        return "%s (GPU %d, compute capability %s), CUDA %s, cuBLASLt %s, cuDNN %s; %s".formatted(gpu.name(), gpu.index(), gpu.computeCapability(),
                version(findings, CudaLibrary.CUDART), version(findings, CudaLibrary.CUBLAS_LT), version(findings, CudaLibrary.CUDNN_GRAPH), library.info());
    }

    private static String version(CudaFindings findings, CudaLibrary library) {
        return findings.libraries().stream().filter(found -> found.soname().equals(library.soname)).findFirst()
                .flatMap(FoundLibrary::version).map(Version::toString).orElse("of an unknown version");
    }

    private void open(Path kernel) {
        CudaRuntime.setDevice(index);
        library = LIBRARIES.computeIfAbsent(kernel, KernelLibrary::open);
        loading = CudaRuntime.createStream();
        var kernels = new Kernels(library, MemorySegment.ofAddress(loading.address()));
        weights = new WeightStore(loading, kernels);
        products = new CudaProducts.Shared(weights);
    }

    private <T> T call(Supplier<T> work) {
        return thread.call(work);
    }

    private void run(Runnable work) {
        call(() -> {
            work.run();
            return null;
        });
    }

    int index() {
        return index;
    }

    KernelLibrary library() {
        return library;
    }

    CudaProducts.Shared products() {
        return products;
    }

    /** Algorithms that streams have chosen, for all of them. */
    Map<CudnnConvolutions.Shape, CudnnConvolutions.Algorithm> convolutions() {
        return convolutions;
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public MemorySegment allocate(Arena arena, long bytes) {
        var memory = call(() -> zeros(Math.max(1, bytes)));
        return memory.reinterpret(arena, segment -> run(() -> CudaRuntime.free(segment))).asSlice(0, bytes);
    }

    private MemorySegment zeros(long bytes) {
        var memory = CudaRuntime.malloc(bytes);
        try {
            CudaRuntime.zero(memory, loading);
            CudaRuntime.synchronize(loading);
            return memory;
        } catch (RuntimeException e) {
            CudaRuntime.free(memory);
            throw e;
        }
    }

    @Override
    public Tensor weight(Tensor file, Dtype dtype) {
        return loaded(() -> weights.add(file, dtype));
    }

    @Override
    public Tensor filter(Tensor file, Dtype dtype) {
        return loaded(() -> weights.addFilter(file, dtype));
    }

    /** A weight that is on its way until the first stream opens, and there at once from then on. */
    private Tensor loaded(Supplier<Tensor> queue) {
        return call(() -> {
            var weight = queue.get();
            if (streamsAreOpen) {
                weights.finishLoading();
            }
            return weight;
        });
    }

    @Override
    public void requireProducts(Dtype dtype) {
        // A GPU of compute capability 8.0 or more has both, and a lesser one is no GPU of an installation.
    }

    @Override
    public DeviceStream newStream() {
        run(() -> {
            if (!streamsAreOpen) {
                weights.finishLoading();
                streamsAreOpen = true;
            }
        });
        return new CudaStream(this);
    }

    @Override
    public long streamBytes() {
        return STREAM_BYTES;
    }

    @Override
    public void close() {
        run(() -> {
            if (weights != null) {
                weights.close();
            }
            if (loading != null) {
                CudaRuntime.destroy(loading);
            }
        });
        thread.close();
    }
}
