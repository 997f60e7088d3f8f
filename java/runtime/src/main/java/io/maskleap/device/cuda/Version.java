package io.maskleap.device.cuda;

/**
 * A version of the driver or of one of CUDA's libraries.
 *
 * @param patch -1 where CUDA does not tell
 */
public record Version(int major, int minor, int patch) {
    /** From this number on, cuDNN writes its version as the other libraries do. */
    private static final int CUDNN_9 = 90000;

    /** Of CUDA's number, as of driver and runtime: 13000 is 13.0. */
    static Version ofCuda(long number) {
        return new Version((int) (number / 1000), (int) (number / 10 % 100), -1);
    }

    /** Of cuBLAS's number: 130101 is 13.1.1. */
    static Version ofCublas(long number) {
        return new Version((int) (number / 10000), (int) (number / 100 % 100), (int) (number % 100));
    }

    /** Of cuDNN's number: 91900 is 9.19.0, 8907 is 8.9.7. */
    static Version ofCudnn(long number) {
        return number >= CUDNN_9 ? ofCublas(number) : new Version((int) (number / 1000), (int) (number / 100 % 10), (int) (number % 100));
    }

    @Override
    public String toString() {
        return major + "." + minor + (patch >= 0 ? "." + patch : "");
    }
}
