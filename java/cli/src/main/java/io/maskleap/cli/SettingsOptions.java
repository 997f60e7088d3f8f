package io.maskleap.cli;

import io.maskleap.GenerationSettings;
import io.maskleap.Request;
import io.maskleap.sampling.Randomization;
import io.maskleap.sampling.Schedule;
import java.util.Objects;
import java.util.function.BiFunction;
import picocli.CommandLine.Option;

/** The options that decide how an image comes out. An option that is not given is null, and changes nothing. */
final class SettingsOptions {
    @Option(names = "--steps", paramLabel = "N", description = "Number of steps.")
    private Integer steps;

    @Option(names = "--budget", paramLabel = "B|full", converter = Budget.Converter.class,
            description = "Number of full steps, 2 to N; the other steps take the shortcut. 'full': no shortcut at all.")
    private Budget budget;

    @Option(names = "--schedule", paramLabel = "NAME", converter = ScheduleConverter.class,
            description = "How tokens are shared out among the steps: arccos, root, linear, square or cosine.")
    private Schedule schedule;

    @Option(names = "--randomize", paramLabel = "NAME", converter = RandomizationConverter.class,
            description = "What decides which tokens are fixed first: linear (confidence with fading noise), warm-up (chance in the first "
                    + "two steps), random (chance) or none (confidence).")
    private Randomization randomization;

    @Option(names = "--guidance", paramLabel = "W", converter = NumberConverter.class, description = "Guidance scale, reached in the last step; 0: no guidance, half the work.")
    private Double guidance;

    @Option(names = "--logit-scale", paramLabel = "T", converter = NumberConverter.class, description = "Factor on the logits; above 1 sharpens.")
    private Double logitScale;

    @Option(names = "--gumbel-temperature", paramLabel = "T", converter = NumberConverter.class,
            description = "Weight of the confidence's noise in the first step.")
    private Double gumbelTemperature;

    /** {@code request} with the options that were given. */
    Request on(Request request) {
        request = change(request, steps, Request::steps);
        request = change(request, budget, SettingsOptions::withBudget);
        request = change(request, schedule, Request::schedule);
        request = change(request, randomization, Request::randomization);
        request = change(request, guidance, Request::guidance);
        request = change(request, logitScale, Request::logitScale);
        return change(request, gumbelTemperature, Request::gumbelTemperature);
    }

    /** {@code defaults} with the options that were given. */
    GenerationSettings on(GenerationSettings defaults) {
        int n = Objects.requireNonNullElse(steps, defaults.steps());
        int b = budget != null ? budget.among(n) : Math.min(defaults.budget(), n);
        return new GenerationSettings(n, b,
                Objects.requireNonNullElse(schedule, defaults.schedule()),
                Objects.requireNonNullElse(randomization, defaults.randomization()),
                Objects.requireNonNullElse(guidance, defaults.guidance()),
                Objects.requireNonNullElse(logitScale, defaults.logitScale()),
                Objects.requireNonNullElse(gumbelTemperature, defaults.gumbelTemperature()));
    }

    private static Request withBudget(Request request, Budget budget) {
        return budget.fullSteps().isPresent() ? request.budget(budget.fullSteps().getAsInt()) : request.fullStepsOnly();
    }

    private static <T> Request change(Request request, T option, BiFunction<Request, T, Request> change) {
        return option != null ? change.apply(request, option) : request;
    }
}
