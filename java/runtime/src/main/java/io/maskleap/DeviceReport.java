package io.maskleap;

import io.maskleap.device.cuda.CudaFindings;
import io.maskleap.device.cuda.CudaProbe;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What there is to compute with on a machine.
 *
 * @param cpu  the CPU
 * @param cuda NVIDIA's GPUs
 */
public record DeviceReport(Cpu cpu, Cuda cuda) {

    /**
     * The CPU.
     *
     * @param description kernel library, instruction set and threads; where it is not usable, the reason
     */
    public record Cpu(boolean usable, String description) {
    }

    /**
     * CUDA.
     *
     * @param reason    where it is not usable, what is wrong and what to do
     * @param gpus      those that the driver finds, of whatever kind
     * @param libraries those that are needed: the driver's, then CUDA's
     * @param places    where CUDA's libraries were looked for, in order
     */
    public record Cuda(boolean usable, Optional<String> reason, List<Gpu> gpus, List<Library> libraries, List<Place> places) {
        public Cuda {
            gpus = List.copyOf(gpus);
            libraries = List.copyOf(libraries);
            places = List.copyOf(places);
        }
    }

    /**
     * A GPU.
     *
     * @param index             its number, as CUDA counts
     * @param computeCapability such as {@code 9.0}
     * @param memoryBytes       all of its memory
     * @param usable            whether its compute capability is high enough
     */
    public record Gpu(int index, String name, String computeCapability, long memoryBytes, boolean usable) {
    }

    /**
     * A library that CUDA needs.
     *
     * @param name    such as {@code libcudart.so.13}
     * @param file    the file that is used; empty: none was found
     * @param version as it says itself, the driver's that of the newest CUDA which it supports; empty: it does not tell
     */
    public record Library(String name, Optional<Path> file, Optional<String> version) {
    }

    /**
     * A place where CUDA's libraries were looked for.
     *
     * @param name  a folder, a pattern of folders, or what named them
     * @param found the libraries there: by family where all of it is there, else by file name
     */
    public record Place(String name, List<String> found) {
        public Place {
            found = List.copyOf(found);
        }
    }

    static DeviceReport of(Cpu cpu, CudaProbe.Result cuda) {
        return new DeviceReport(cpu, switch (cuda) {
            case CudaProbe.Usable(var installation) -> of(true, Optional.empty(), installation.findings());
            case CudaProbe.Unusable(var reason, var findings) -> of(false, Optional.of(reason), findings);
        });
    }

    private static Cuda of(boolean usable, Optional<String> reason, CudaFindings findings) {
        var gpus = findings.gpus().stream()
                .map(gpu -> new Gpu(gpu.index(), gpu.name(), gpu.computeCapability(), gpu.memoryBytes(), gpu.isUsable())).toList();
        var libraries = findings.libraries().stream()
                .map(library -> new Library(library.soname(), library.file(), library.version().map(Object::toString))).toList();
        var places = findings.places().stream().map(place -> new Place(place.name(), place.contents())).toList();
        return new Cuda(usable, reason, gpus, libraries, places);
    }
}
