package io.maskleap.sampling;

import io.maskleap.error.MaskleapException;
import io.maskleap.kernel.StepBlock;

/**
 * How codes are drawn and chosen.
 *
 * @param guidance           w: logits = (1 + w_i) conditional - w_i unconditional, w_i growing linearly to w; 0: no second sequence
 * @param logitScale factor on the logits, as the reference has it: above 1 sharpens
 * @param gumbelTemperature  weight of the confidence's noise in the first step
 */
public record SamplingSettings(double guidance, double logitScale, double gumbelTemperature, Randomization randomization) {

    public SamplingSettings {
        requireFinite("guidance", guidance);
        requireFinite("logit scale", logitScale);
        requireFinite("Gumbel temperature", gumbelTemperature);
        if ((float) logitScale <= 0) {
            throw new MaskleapException("logit scale is " + logitScale + ", wanted more than 0");
        }
        if (guidance < 0) {
            throw new MaskleapException("guidance is " + guidance + ", wanted 0 (none) or more");
        }
        if (gumbelTemperature < 0) {
            throw new MaskleapException("Gumbel temperature is " + gumbelTemperature + ", wanted 0 (no noise) or more");
        }
    }

    private static void requireFinite(String name, double value) {
        if (!Double.isFinite(value)) {
            throw new MaskleapException(name + " is " + value + ", wanted a finite number");
        }
        if (Math.abs(value) > Float.MAX_VALUE) {
            throw new MaskleapException(name + " is " + value + ", wanted at most " + Float.MAX_VALUE + ", as the kernels compute in float32");
        }
    }

    /** Sequences per image. */
    public int sequencesPerImage() {
        return guidance > 0 ? 2 : 1;
    }

    /** What the kernels read of {@code step}. */
    public StepBlock block(StepPlan plan, StepPlan.Step step) {
        double progress = plan.progress(step);
        return new StepBlock(step.index(), step.masked(), step.toFix(), randomization.confidence(step.index()),
                (float) step.masked() / plan.tokens(), (float) (guidance * progress), (float) logitScale, (float) logitScale,
                (float) (gumbelTemperature * (1 - progress)));
    }
}
