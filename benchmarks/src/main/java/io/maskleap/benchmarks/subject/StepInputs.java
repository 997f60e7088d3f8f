package io.maskleap.benchmarks.subject;

import io.maskleap.architecture.maskgit.MaskGitConfig;
import io.maskleap.kernel.StepBlock;
import io.maskleap.sampling.StepPlan;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * What a step in the middle of an image starts from, the same for every library: an image with guidance, thus two sequences. A step's time
 * is linear in its masked tokens, so that an image's step has as many of them here as a step has on the average: N such steps are an image.
 *
 * @param masked       grid positions that are masked, ascending
 * @param ids          (2, T) token ids: those of the masked positions, and last the class
 * @param newPositions grid positions that the last step fixed, ascending
 * @param newIds       their codes
 * @param feature      (2, T, C) the last step's features, for a shortcut step
 * @param block        what the sampler reads of the step
 */
public record StepInputs(int[] masked, int[] ids, int[] newPositions, int[] newIds, float[] feature, StepBlock block) {
    private static final long SEED = 5;
    private static final int LABEL = 3;
    static final int SEQUENCES = 2;

    /** Of an image by {@code model}, whose base network has these sizes. */
    public static StepInputs of(BenchmarkModel model, MaskGitConfig base) {
        var random = new SplittableRandom(SEED);
        var plan = model.plan(base.tokens());
        int maskedCount = meanMasked(plan);
        int newCount = newTokens(plan);
        var order = shuffled(base.tokens(), random);
        var masked = Arrays.stream(order, 0, maskedCount).sorted().toArray();
        var newPositions = Arrays.stream(order, maskedCount, maskedCount + newCount).sorted().toArray();
        var codes = IntStream.range(0, base.tokens()).map(_ -> random.nextInt(base.codebook())).toArray();
        var newIds = Arrays.stream(newPositions).map(p -> codes[p]).toArray();
        for (int p : masked) {
            codes[p] = base.maskId();
        }
        var ids = new int[SEQUENCES * base.sequenceLength()];
        for (int s = 0; s < SEQUENCES; s++) {
            System.arraycopy(codes, 0, ids, s * base.sequenceLength(), codes.length);
            ids[(s + 1) * base.sequenceLength() - 1] = s == 0 ? base.classId(LABEL) : base.droppedClassId();
        }
        var feature = new float[SEQUENCES * base.sequenceLength() * base.channels()];
        for (int i = 0; i < feature.length; i++) {
            feature[i] = (float) random.nextGaussian();
        }
        var step = new StepPlan.Step(plan.steps().size() / 2, true, maskedCount, newCount);
        return new StepInputs(masked, ids, newPositions, newIds, feature, model.block(plan, step));
    }

    /** Masked tokens before a step, on the average. */
    public static int meanMasked(StepPlan plan) {
        return (int) Math.round(plan.steps().stream().mapToInt(StepPlan.Step::masked).average().orElseThrow());
    }

    /** Tokens that a step fixes, on the average. */
    public static int newTokens(StepPlan plan) {
        return Math.max(1, plan.tokens() / plan.steps().size());
    }

    private static int[] shuffled(int count, SplittableRandom random) {
        var order = IntStream.range(0, count).toArray();
        for (int i = count - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
        return order;
    }
}
