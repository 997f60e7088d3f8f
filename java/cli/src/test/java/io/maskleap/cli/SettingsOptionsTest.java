package io.maskleap.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.maskleap.GenerationSettings;
import io.maskleap.sampling.Randomization;
import io.maskleap.sampling.Schedule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine.Command;
import picocli.CommandLine;

class SettingsOptionsTest {
    private static final GenerationSettings DEFAULTS = new GenerationSettings(32, 12, Schedule.ARCCOS, Randomization.LINEAR, 2.8, 1, 7);

    private static GenerationSettings parsed(String... args) {
        @Command
        class Host {
            @CommandLine.Mixin
            private SettingsOptions settings;
        }
        var host = new Host();
        new CommandLine(host).parseArgs(args);
        return host.settings.on(DEFAULTS);
    }

    @Test
    void whatIsNotGivenStays() {
        assertEquals(DEFAULTS, parsed());
    }

    @Test
    void whatIsGivenCounts() {
        assertEquals(new GenerationSettings(16, 5, Schedule.COSINE, Randomization.WARM_UP, 0, 1.5, 0.25),
                parsed("--steps", "16", "--budget=5", "--schedule", "Cosine", "--randomize", "warm-up", "--guidance", "0",
                        "--logit-scale", "1.5", "--gumbel-temperature", ".25"));
    }

    @Test
    void fullBudgetIsEveryStep() {
        assertEquals(16, parsed("--budget", "full", "--steps", "16").budget());
    }

    @Test
    void defaultBudgetIsAtMostTheSteps() {
        assertEquals(8, parsed("--steps", "8").budget());
    }

    @ParameterizedTest
    @CsvSource({"linear, LINEAR", "warm-up, WARM_UP", "warm_up, WARM_UP", "random, RANDOM", "none, NONE", "no, NONE"})
    void randomizationsAreSpeltOurWayOrTheReferences(String spelling, Randomization randomization) {
        assertEquals(randomization, parsed("--randomize", spelling).randomization());
    }
}
