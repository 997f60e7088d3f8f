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
     * @param tolerance   bound on {@code maxRelative} where it is {@code relative}, else on {@code maxAbsolute}
     */
    public record TensorCheck(String name, double maxAbsolute, double maxRelative, double tolerance, boolean relative) {
        public boolean passed() {
            return (relative ? maxRelative : maxAbsolute) <= tolerance; // false for NaN
        }
    }

    /**
     * One run.
     *
     * @param tokenMismatches   tokens that were drawn or fixed differently, over all steps
     * @param firstMismatchStep the first step with one, -1 where there is none
     * @param tokensMustMatch   whether a mismatch is a failure; where it is not, the tensors come from steps with recorded tokens
     * @param tensors           features, guided logits (where recorded) and image, worst over the steps
     */
    public record RunCheck(String name, int steps, int tokenMismatches, int firstMismatchStep, boolean tokensMustMatch, List<TensorCheck> tensors) {
        public RunCheck {
            tensors = List.copyOf(tensors);
        }

        /** The same, with tensors from elsewhere and tokens that may differ. */
        RunCheck withForced(List<TensorCheck> forced) {
            return new RunCheck(name, steps, tokenMismatches, firstMismatchStep, false, forced);
        }

        public boolean passed() {
            return (tokenMismatches == 0 || !tokensMustMatch) && tensors.stream().allMatch(TensorCheck::passed);
        }
    }

    public VerifyReport {
        tensors = List.copyOf(tensors);
        runs = List.copyOf(runs);
    }

    /** Whether every tensor is within its tolerance, and every token as recorded where it must be. */
    public boolean passed() {
        return tensors.stream().allMatch(TensorCheck::passed) && runs.stream().allMatch(RunCheck::passed);
    }
}
