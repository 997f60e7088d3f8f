package io.maskleap.tools;

import java.nio.file.Path;
import java.util.List;

/**
 * How a device's results compare with what the reference implementation recorded.
 *
 * @param folder  the fixture
 * @param device  what the device is, for people
 * @param tensors networks by themselves
 * @param runs    whole generations with recorded uniforms
 */
public record VerifyReport(Path folder, String device, List<TensorCheck> tensors, List<RunCheck> runs) {

    /**
     * One tensor.
     *
     * @param maxAbsolute largest absolute error
     * @param maxRelative the same, as a part of the largest recorded magnitude
     * @param tolerance   bound on {@code maxAbsolute}
     */
    public record TensorCheck(String name, double maxAbsolute, double maxRelative, double tolerance) {
        public boolean passed() {
            return maxAbsolute <= tolerance; // false for NaN
        }
    }

    /**
     * One run.
     *
     * @param tokenMismatches   tokens that were drawn or fixed differently, over all steps
     * @param firstMismatchStep the first step with one, -1 where there is none
     * @param tensors           features, guided logits (where recorded) and image, worst over the steps
     */
    public record RunCheck(String name, int steps, int tokenMismatches, int firstMismatchStep, List<TensorCheck> tensors) {
        public RunCheck {
            tensors = List.copyOf(tensors);
        }

        public boolean passed() {
            return tokenMismatches == 0 && tensors.stream().allMatch(TensorCheck::passed);
        }
    }

    public VerifyReport {
        tensors = List.copyOf(tensors);
        runs = List.copyOf(runs);
    }

    /** Whether every tensor is within its tolerance and every token as recorded. */
    public boolean passed() {
        return tensors.stream().allMatch(TensorCheck::passed) && runs.stream().allMatch(RunCheck::passed);
    }
}
