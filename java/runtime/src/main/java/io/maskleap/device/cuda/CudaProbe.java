package io.maskleap.device.cuda;

import io.maskleap.device.cuda.CudaFindings.SearchedPlace;
import io.maskleap.error.MaskleapException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Finds out whether CUDA can be used, and if not, why not in one sentence. It asks driver and libraries through FFM only: a
 * preset's class that is touched where something is missing fails for good.
 */
public final class CudaProbe {
    /** Whether CUDA can be used. Closing it unloads the libraries, unless {@link CudaInstallation#load} has been called. */
    public sealed interface Result extends AutoCloseable {
        /** What was found. */
        CudaFindings findings();

        @Override
        void close();
    }

    /** CUDA can be used. */
    public record Usable(CudaInstallation installation) implements Result {
        @Override
        public CudaFindings findings() {
            return installation.findings();
        }

        @Override
        public void close() {
            installation.close();
        }
    }

    /**
     * CUDA cannot be used, and nothing stays loaded.
     *
     * @param reason what is wrong and what to do, to follow words such as "cannot be used: "
     */
    public record Unusable(String reason, CudaFindings findings) implements Result {
        /** The reason as a whole sentence. */
        public String sentence() {
            return "CUDA cannot be used: " + reason;
        }

        @Override
        public void close() {
        }
    }

    private final HostEnvironment hostEnvironment;
    private final DynamicLoader loader = new DynamicLoader();
    private FoundLibraries found = new FoundLibraries(List.of(), Optional.empty());
    private CudaDriver driver;
    private Version driverVersion;
    private List<Gpu> gpus = List.of();
    private LoadedLibraries libraries;
    private Path kernels;

    private CudaProbe(HostEnvironment hostEnvironment) {
        this.hostEnvironment = hostEnvironment;
    }

    /** Whether CUDA can be used here. The first thing that is wrong ends the probe, so that it takes no time where there is no GPU. */
    public static Result probe() {
        return probe(HostEnvironment.ofProcess(), false);
    }

    /** As {@link #probe}, but goes on to find what there is, whatever is wrong. Where it loads large libraries this takes a second. */
    public static Result examine() {
        return probe(HostEnvironment.ofProcess(), true);
    }

    /** As {@link #probe}, of the libraries that stand in for CUDA's on a machine without a GPU. */
    static Result emulated() {
        return probe(HostEnvironment.emulated(), false);
    }

    static Result probe(HostEnvironment hostEnvironment, boolean whole) {
        try {
            CudaProgram.requirePlatform(hostEnvironment);
            return new CudaProbe(hostEnvironment).probe(whole);
        } catch (MaskleapException e) { // another system, or no native access: then nothing can be asked
            return new Unusable(e.getMessage(), new CudaFindings(List.of(), List.of(), List.of()));
        }
    }

    private Result probe(boolean whole) {
        var reasons = new ArrayList<String>();
        for (var step : List.<Runnable>of(this::search, this::openDriver, this::findGpus, this::requireWhole, this::findKernels, this::load)) {
            try {
                step.run();
            } catch (MaskleapException e) {
                reasons.add(e.getMessage());
                if (!whole) {
                    break;
                }
            }
        }
        if (reasons.isEmpty()) {
            return new Usable(new CudaInstallation(findings(), kernels, driver, libraries));
        }
        var findings = findings();
        if (libraries != null) {
            libraries.close();
        }
        if (driver != null) {
            driver.close();
        }
        return new Unusable(reasons.getFirst(), findings);
    }

    private void search() {
        found = CudaLibrarySearch.search(hostEnvironment);
    }

    private void openDriver() {
        driver = CudaDriver.open(loader, found.driver());
        driverVersion = driver.version();
        CudaDriver.requireVersion(driverVersion);
    }

    private void findGpus() {
        if (driver != null) {
            gpus = driver.gpus();
            CudaDriver.requireGpu(gpus, Optional.ofNullable(hostEnvironment.environment().get("CUDA_VISIBLE_DEVICES")));
        }
    }

    private void requireWhole() {
        found.requireWhole();
    }

    private void findKernels() {
        CudaProgram.requirePresets(hostEnvironment);
        kernels = CudaProgram.kernels(hostEnvironment);
    }

    /** Last, as it alone takes long. */
    private void load() {
        libraries = new LoadedLibraries(loader, found.files());
        if (found.isWhole()) {
            libraries.requireLoaded();
            new LibraryVersions(libraries).requireFitting();
        }
    }

    private CudaFindings findings() {
        var driverLibrary = new FoundLibrary(CudaLibrarySearch.DRIVER, Optional.ofNullable(driver).map(CudaDriver::path), Optional.ofNullable(driverVersion));
        var all = Stream.concat(Stream.of(driverLibrary), Stream.of(CudaLibrary.values()).map(this::foundLibrary)).toList();
        return new CudaFindings(all, gpus, found.places().stream().map(place -> new SearchedPlace(place.name(), place.contents())).toList());
    }

    private FoundLibrary foundLibrary(CudaLibrary library) {
        return new FoundLibrary(library.soname, Optional.ofNullable(found.files().get(library)), version(library));
    }

    private Optional<Version> version(CudaLibrary library) {
        try {
            return libraries == null ? Optional.empty() : new LibraryVersions(libraries).of(library);
        } catch (MaskleapException _) {
            return Optional.empty(); // that is the probe's reason, or a later one
        }
    }
}
