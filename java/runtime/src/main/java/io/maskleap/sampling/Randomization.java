package io.maskleap.sampling;

import io.maskleap.kernel.StepBlock.Confidence;

/** What decides which sampled tokens are fixed first. */
public enum Randomization {
    /** The log-probability of the sampled code plus Gumbel noise that fades to nothing with the steps. */
    LINEAR,
    /** The probability in general, chance in the first two steps. */
    WARM_UP,
    /** Chance. */
    RANDOM,
    /** The probability of the sampled code, without noise. */
    NONE;

    private static final int WARM_UP_STEPS = 2;

    Confidence confidence(int step) {
        return switch (this) {
            case LINEAR -> Confidence.LOG_PROBABILITY;
            case WARM_UP -> step < WARM_UP_STEPS ? Confidence.UNIFORM : Confidence.PROBABILITY;
            case RANDOM -> Confidence.UNIFORM;
            case NONE -> Confidence.PROBABILITY;
        };
    }
}
