package io.maskleap.sampling;

import io.maskleap.error.MaskleapException;
import io.maskleap.weights.Limits;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * What is known of a generation before it runs: which steps are full, and how many tokens each fixes.
 *
 * @param steps      the steps that run: N of them, or fewer where the tokens run out before
 * @param requested  N as requested, from which ramps are counted
 * @param tokens     tokens of one image
 */
public record StepPlan(List<Step> steps, int requested, int tokens) {

    /**
     * One step.
     *
     * @param index  i, from 0
     * @param full   whether the base network runs; otherwise the shortcut does
     * @param masked masked tokens of an image before the step
     * @param toFix  tokens that the step fixes
     */
    public record Step(int index, boolean full, int masked, int toFix) {
    }

    public StepPlan {
        steps = List.copyOf(steps);
    }

    /**
     * Plans {@code steps} steps, {@code budget} of them full.
     *
     * @throws MaskleapException where steps or budget are out of range, or the tokens run out before a full step
     */
    public static StepPlan of(Schedule schedule, int steps, int budget, int tokens) {
        if (steps < 1) {
            throw new MaskleapException("steps is " + steps + ", wanted at least 1");
        }
        if (steps > Limits.STEPS) {
            throw new MaskleapException("steps is " + steps + ", wanted at most " + Limits.STEPS);
        }
        if (budget != steps && (budget < 2 || budget > steps)) {
            throw new MaskleapException("budget is " + budget + ", wanted 2 to " + steps + " (the number of steps; that many means full steps only)");
        }
        var full = fullSteps(steps, budget);
        var counts = schedule.tokensPerStep(steps, tokens);
        var plan = new ArrayList<Step>(steps);
        int masked = tokens;
        for (int i = 0; i < steps && masked > 0; i++) {
            plan.add(new Step(i, full.contains(i), masked, counts[i]));
            masked -= counts[i];
        }
        if (full.last() >= plan.size()) {
            throw new MaskleapException("the " + tokens + " tokens run out after " + plan.size() + " of " + steps + " steps, before full step "
                    + full.last() + "; ask for fewer steps, or a smaller budget");
        }
        return new StepPlan(plan, steps, tokens);
    }

    /** Indices of the full steps: the first, then evenly spaced, each later than the one before. Double arithmetic, as the reference. */
    static TreeSet<Integer> fullSteps(int steps, int budget) {
        var full = new TreeSet<Integer>();
        int previous = 0;
        full.add(previous);
        for (int k = 1; k < budget; k++) {
            previous = Math.max(previous + 1, (int) Math.rint(steps * ((double) k / budget)));
            full.add(previous);
        }
        return full;
    }

    /** i / (N - 1), by which guidance and noise ramp; 1 where there is only one step. */
    public double progress(Step step) {
        return requested == 1 ? 1 : (double) step.index() / (requested - 1);
    }

    /** Whether the shortcut is needed at all. */
    public boolean usesShortcut() {
        return steps.stream().anyMatch(step -> !step.full());
    }
}
