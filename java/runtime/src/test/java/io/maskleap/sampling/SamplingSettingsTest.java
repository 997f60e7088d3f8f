package io.maskleap.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.error.MaskleapException;
import io.maskleap.kernel.StepBlock.Confidence;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SamplingSettingsTest {
    @ParameterizedTest
    @CsvSource({
        "NaN, 1, 7, guidance is NaN",
        "Infinity, 1, 7, guidance is Infinity",
        "-0.5, 1, 7, guidance is -0.5",
        "2.5, NaN, 7, logit scale is NaN",
        "2.5, 0, 7, logit scale is 0.0",
        "1e39, 1, 7, guidance is 1.0E39",
        "2.5, 1e-50, 7, logit scale is 1.0E-50",
        "2.5, 1, NaN, Gumbel temperature is NaN",
        "2.5, 1, -Infinity, Gumbel temperature is -Infinity",
        "2.5, 1, -1, Gumbel temperature is -1.0",
    })
    void valuesOutOfRangeAreNamed(double guidance, double softmax, double gumbel, String start) {
        var e = assertThrows(MaskleapException.class, () -> new SamplingSettings(guidance, softmax, gumbel, Randomization.LINEAR));
        assertTrue(e.getMessage().startsWith(start + ", wanted"), e.getMessage());
    }

    @Test
    void guidanceGrowsAndNoiseFadesWithTheSteps() {
        var plan = StepPlan.of(Schedule.ARCCOS, 5, 5, 64);
        var settings = new SamplingSettings(2, 1.5, 8, Randomization.LINEAR);
        var first = settings.block(plan, plan.steps().get(0));
        var third = settings.block(plan, plan.steps().get(2));
        var last = settings.block(plan, plan.steps().get(4));
        assertEquals(0, first.guidance());
        assertEquals(8, first.confidenceNoise());
        assertEquals(1, first.maskRatio());
        assertEquals(1, third.guidance());
        assertEquals(4, third.confidenceNoise());
        assertEquals(2, last.guidance());
        assertEquals(0, last.confidenceNoise());
        assertEquals(1.5f, last.drawScale());
    }

    @Test
    void warmUpLeavesTwoStepsToChance() {
        assertEquals(Confidence.UNIFORM, Randomization.WARM_UP.confidence(0));
        assertEquals(Confidence.UNIFORM, Randomization.WARM_UP.confidence(1));
        assertEquals(Confidence.PROBABILITY, Randomization.WARM_UP.confidence(2));
    }

    @Test
    void noGuidanceNeedsOneSequence() {
        assertEquals(1, new SamplingSettings(0, 1, 7, Randomization.LINEAR).sequencesPerImage());
        assertEquals(2, new SamplingSettings(0.1, 1, 7, Randomization.LINEAR).sequencesPerImage());
    }
}
