package io.maskleap.device.cuda;

import io.maskleap.error.MaskleapException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A CUDA that can be used: driver, GPUs and libraries, which are loaded. Before the presets' classes are touched, {@link #load}
 * is called; an installation that is not to be used is closed.
 */
public final class CudaInstallation implements AutoCloseable {
    private static final String PHYSICAL_BYTES_PROPERTY = "org.bytedeco.javacpp.maxPhysicalBytes";

    private final CudaFindings findings;
    private final Path kernels;
    private final CudaDriver driver;
    private final LoadedLibraries libraries;
    private boolean kept;

    CudaInstallation(CudaFindings findings, Path kernels, CudaDriver driver, LoadedLibraries libraries) {
        this.findings = findings;
        this.kernels = kernels;
        this.driver = driver;
        this.libraries = libraries;
    }

    /** All that was found. */
    public CudaFindings findings() {
        return findings;
    }

    /** The library of our kernels. */
    public Path kernels() {
        return kernels;
    }

    /** The GPUs on which the kernels run, at least one, in CUDA's order. */
    public List<Gpu> usableGpus() {
        return findings.gpus().stream().filter(Gpu::isUsable).toList();
    }

    /**
     * The GPU that CUDA counts as {@code index}.
     *
     * @throws MaskleapException where there is none, or the kernels do not run on it
     */
    public Gpu gpu(int index) {
        var gpus = findings.gpus();
        if (index < 0 || index >= gpus.size()) {
            throw new MaskleapException("there is no GPU " + index + ": " + String.join(", ", gpus.stream().map(Gpu::inWords).toList()));
        }
        CudaDriver.requireGpu(List.of(gpus.get(index)), Optional.empty());
        return gpus.get(index);
    }

    /**
     * Keeps the libraries for the life of the process: from now on the presets find them by their sonames. Calling it again does
     * no harm.
     *
     * @throws MaskleapException where the process loaded others of these names before
     */
    public synchronized void load() {
        driver.requireInUse();
        libraries.requireInUse();
        libraries.loadCompanions();
        if (System.getProperty(PHYSICAL_BYTES_PROPERTY) == null) {
            System.setProperty(PHYSICAL_BYTES_PROPERTY, "0"); // the presets' limit: it counts mapped pages too, such as a model's weights
        }
        kept = true;
    }

    /** Unloads the libraries, unless they are to be kept. */
    @Override
    public synchronized void close() {
        if (!kept) {
            unload();
        }
    }

    /** Unloads the libraries, kept or not: where nothing has used them. */
    synchronized void unload() {
        libraries.close();
        driver.close();
    }
}
