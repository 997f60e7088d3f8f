package io.maskleap.device.cuda;

/**
 * A GPU, as the driver describes it.
 *
 * @param index       its number, as CUDA counts
 * @param major       of its compute capability
 * @param minor       of its compute capability
 * @param memoryBytes all of its memory
 */
public record Gpu(int index, String name, int major, int minor, long memoryBytes) {
    /** The major compute capability for which the kernels are compiled: their products and copies came with sm_80. */
    static final int LEAST_MAJOR = 8;

    /** Whether the kernels run on it. */
    public boolean isUsable() {
        return major >= LEAST_MAJOR;
    }

    /** Such as {@code 9.0}. */
    public String computeCapability() {
        return major + "." + minor;
    }

    /** Such as {@code GPU 0 (Tesla T4) has 7.5}. */
    String inWords() {
        return "GPU " + index + " (" + name + ") has " + computeCapability();
    }
}
