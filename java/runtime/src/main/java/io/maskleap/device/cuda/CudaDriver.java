package io.maskleap.device.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.maskleap.device.cuda.DynamicLoader.NotLoadedException;
import io.maskleap.error.MaskleapException;
import io.maskleap.kernel.NativeAccess;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** NVIDIA's driver, as much of its C API as tells its version and its GPUs. */
final class CudaDriver implements AutoCloseable {
    /** What libraries of CUDA 13 need. */
    private static final int LEAST_MAJOR = 13;
    private static final String INSTALLATION = "install NVIDIA's driver 580 or newer";

    private static final int COMPUTE_CAPABILITY_MAJOR = 75;
    private static final int COMPUTE_CAPABILITY_MINOR = 76;
    private static final int NAME_BYTES = 256;

    private static final int STUB_LIBRARY = 34;
    private static final int NO_DEVICE = 100;
    private static final int SYSTEM_NOT_READY = 802;
    private static final int SYSTEM_DRIVER_MISMATCH = 803;
    private static final int COMPAT_NOT_SUPPORTED = 804;

    private final DynamicLoader loader;
    private final SharedLibrary library;
    private final boolean named;

    private CudaDriver(DynamicLoader loader, SharedLibrary library, boolean named) {
        this.loader = loader;
        this.library = library;
        this.named = named;
    }

    /**
     * Loads the driver.
     *
     * @param file its library; empty: as the loader finds it
     * @throws MaskleapException where there is none, or it cannot be loaded
     */
    static CudaDriver open(DynamicLoader loader, Optional<Path> file) {
        try {
            return new CudaDriver(loader, loader.open(file.map(Path::toString).orElse(CudaLibrarySearch.DRIVER)), file.isPresent());
        } catch (NotLoadedException e) {
            throw new MaskleapException("there is no NVIDIA driver that can be loaded (" + e.getMessage() + "); " + INSTALLATION
                    + " or, in a container, have the GPU passed in (docker run --gpus all)");
        }
    }

    Path path() {
        return library.path();
    }

    /**
     * The newest CUDA that the driver supports.
     *
     * @throws MaskleapException where the driver does not tell
     */
    Version version() {
        return Version.ofCuda(number("cuDriverGetVersion"));
    }

    /**
     * Refuses a driver for an older CUDA than that of the libraries.
     *
     * @throws MaskleapException where it is too old
     */
    static void requireVersion(Version version) {
        if (version.major() < LEAST_MAJOR) {
            throw new MaskleapException("the NVIDIA driver supports CUDA up to " + version + ", wanted " + LEAST_MAJOR + ".0 or newer; " + INSTALLATION);
        }
    }

    /**
     * Starts the driver and asks for its GPUs; none where it finds none.
     *
     * @throws MaskleapException where a call fails
     */
    List<Gpu> gpus() {
        int status = status("cuInit", new MemoryLayout[] {JAVA_INT}, 0);
        if (status == NO_DEVICE) {
            return List.of();
        }
        require("cuInit", status);
        int count = number("cuDeviceGetCount");
        return IntStream.range(0, count).mapToObj(this::gpu).toList();
    }

    /**
     * Refuses GPUs of which none is new enough for the kernels.
     *
     * @param visible what {@code CUDA_VISIBLE_DEVICES} says, if it is set
     * @throws MaskleapException where there is none at all, or all are older
     */
    static void requireGpu(List<Gpu> gpus, Optional<String> visible) {
        if (gpus.isEmpty()) {
            throw new MaskleapException("the NVIDIA driver finds no GPU; "
                    + visible.map(value -> "CUDA_VISIBLE_DEVICES=" + value + " may hide it: unset it, or name one that 'nvidia-smi -L' lists")
                            .orElse("'nvidia-smi -L' lists those that it should find, and a container needs them passed in (docker run --gpus all)"));
        }
        if (gpus.stream().noneMatch(Gpu::isUsable)) {
            throw new MaskleapException("no GPU is new enough: " + gpus.stream().map(Gpu::inWords).collect(Collectors.joining(", "))
                    + ", wanted compute capability " + Gpu.LEAST_MAJOR + ".0 or higher (Ampere or newer)");
        }
    }

    private Gpu gpu(int index) {
        try (var arena = Arena.ofConfined()) {
            var number = arena.allocate(JAVA_INT);
            call("cuDeviceGet", new MemoryLayout[] {ADDRESS, JAVA_INT}, number, index);
            int device = number.get(JAVA_INT, 0);
            var name = arena.allocate(NAME_BYTES);
            call("cuDeviceGetName", new MemoryLayout[] {ADDRESS, JAVA_INT, JAVA_INT}, name, NAME_BYTES - 1, device);
            var bytes = arena.allocate(JAVA_LONG);
            call("cuDeviceTotalMem_v2", new MemoryLayout[] {ADDRESS, JAVA_INT}, bytes, device);
            return new Gpu(index, name.getString(0), attribute(number, COMPUTE_CAPABILITY_MAJOR, device), attribute(number, COMPUTE_CAPABILITY_MINOR, device),
                    bytes.get(JAVA_LONG, 0));
        }
    }

    private int attribute(MemorySegment out, int attribute, int device) {
        call("cuDeviceGetAttribute", new MemoryLayout[] {ADDRESS, JAVA_INT, JAVA_INT}, out, attribute, device);
        return out.get(JAVA_INT, 0);
    }

    /** The number that the call writes. */
    private int number(String name) {
        try (var arena = Arena.ofConfined()) {
            var out = arena.allocate(JAVA_INT);
            call(name, new MemoryLayout[] {ADDRESS}, out);
            return out.get(JAVA_INT, 0);
        }
    }

    private void call(String name, MemoryLayout[] types, Object... arguments) {
        require(name, status(name, types, arguments));
    }

    private int status(String name, MemoryLayout[] types, Object... arguments) {
        var function = library.function(name, FunctionDescriptor.of(JAVA_INT, types));
        try {
            return (int) function.invokeWithArguments(arguments);
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    private void require(String name, int status) {
        if (status != 0) {
            throw new MaskleapException("the NVIDIA driver's " + name + " returned " + errorName(status) + "; " + remedy(status));
        }
    }

    private static String remedy(int status) {
        return switch (status) {
            case STUB_LIBRARY -> "the library found is the toolkit's stub for linking: take its folder out of LD_LIBRARY_PATH";
            case SYSTEM_NOT_READY -> "NVIDIA's fabric manager must run: systemctl start nvidia-fabricmanager";
            case SYSTEM_DRIVER_MISMATCH -> "the kernel has the module of another version loaded: restart the machine";
            case COMPAT_NOT_SUPPORTED -> "this GPU does not take the driver of CUDA's compat folder: take that folder out of LD_LIBRARY_PATH and "
                    + INSTALLATION;
            default -> "'nvidia-smi' shows whether the driver works; if it does, the module nvidia_uvm may be missing (modprobe nvidia_uvm)";
        };
    }

    /** Such as {@code CUDA_ERROR_NO_DEVICE (100)}. */
    private String errorName(int status) {
        var function = library.find("cuGetErrorName", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
        try (var arena = Arena.ofConfined()) {
            var out = arena.allocate(ADDRESS);
            if (function.isPresent() && (int) function.get().invokeExact(status, out) == 0) {
                return out.get(ADDRESS, 0).reinterpret(Long.MAX_VALUE).getString(0) + " (" + status + ")";
            }
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
        return "status " + status;
    }

    /**
     * Makes sure that libraries which need the driver get this one.
     *
     * @throws MaskleapException where another was loaded before
     */
    void requireInUse() {
        loader.requireInUse(CudaLibrarySearch.DRIVER, path());
    }

    /** Unloads a driver whose file the user named; the system's own stays, as it may keep threads. */
    @Override
    public void close() {
        if (named) {
            library.close();
        }
    }
}
