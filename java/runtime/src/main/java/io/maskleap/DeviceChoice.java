package io.maskleap;

import io.maskleap.device.cuda.CudaProbe;

/**
 * A device that was chosen, and why.
 *
 * @param reason for people: the GPU, or why there is none that can be used
 */
public record DeviceChoice(Device device, String reason) {

    /** The first GPU where CUDA can be used, and {@code otherwise} where it cannot. */
    public static DeviceChoice auto(Device otherwise) {
        try (var cuda = CudaProbe.probe()) {
            return switch (cuda) {
                case CudaProbe.Usable(var installation) -> {
                    var gpu = installation.usableGpus().getFirst();
                    yield new DeviceChoice(Device.cuda(gpu.index()), "GPU " + gpu.index() + ", " + gpu.name());
                }
                case CudaProbe.Unusable unusable -> new DeviceChoice(otherwise, "the CPU; " + unusable.sentence());
            };
        }
    }
}
