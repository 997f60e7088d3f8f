package io.maskleap;

import io.maskleap.sampling.Randomization;
import io.maskleap.sampling.SamplingSettings;
import io.maskleap.sampling.Schedule;

/**
 * Everything but class and seed that decides how an image comes out.
 *
 * @param steps              N
 * @param budget             B, the number of full steps; N: full steps only
 * @param schedule           how tokens are shared out among the steps
 * @param randomization      what decides which tokens are fixed first
 * @param guidance           w, reached in the last step; 0: no guidance
 * @param logitScale factor on the logits
 * @param gumbelTemperature  weight of the confidence's noise in the first step
 */
public record GenerationSettings(int steps, int budget, Schedule schedule, Randomization randomization, double guidance,
        double logitScale, double gumbelTemperature) {

    /** Whether every step is full. */
    public boolean fullStepsOnly() {
        return budget == steps;
    }

    /** @throws io.maskleap.error.MaskleapException where a setting of the sampling is out of its range */
    public SamplingSettings sampling() {
        return new SamplingSettings(guidance, logitScale, gumbelTemperature, randomization);
    }
}
