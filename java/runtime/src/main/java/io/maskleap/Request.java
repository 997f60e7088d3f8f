package io.maskleap;

import io.maskleap.error.MaskleapException;
import io.maskleap.sampling.Randomization;
import io.maskleap.sampling.Schedule;
import io.maskleap.sampling.Uniforms;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What to generate. Immutable: each method gives a changed copy. What is not said is the model's default.
 *
 * <p>Image k of a request, from 0, has the seed {@code seed + k}: asked for alone with that seed, it comes out the same.
 */
public final class Request {
    private final List<ToIntFunction<ModelInfo>> classes;
    private int count = 1;
    private long seed;
    private OptionalInt steps = OptionalInt.empty();
    private OptionalInt budget = OptionalInt.empty();
    private boolean fullStepsOnly;
    private Optional<Schedule> schedule = Optional.empty();
    private Optional<Randomization> randomization = Optional.empty();
    private OptionalDouble guidance = OptionalDouble.empty();
    private OptionalDouble logitScale = OptionalDouble.empty();
    private OptionalDouble gumbelTemperature = OptionalDouble.empty();
    private Optional<Uniforms> uniforms = Optional.empty();

    /** @param classes each gives its number, once the model is known */
    private Request(List<ToIntFunction<ModelInfo>> classes) {
        this.classes = classes;
    }

    /** A copy with one change. */
    private Request with(Consumer<Request> change) {
        var copy = new Request(classes);
        copy.count = count;
        copy.seed = seed;
        copy.steps = steps;
        copy.budget = budget;
        copy.fullStepsOnly = fullStepsOnly;
        copy.schedule = schedule;
        copy.randomization = randomization;
        copy.guidance = guidance;
        copy.logitScale = logitScale;
        copy.gumbelTemperature = gumbelTemperature;
        copy.uniforms = uniforms;
        change.accept(copy);
        return copy;
    }

    /** An image of each of these classes, by name (or number). */
    public static Request ofClass(String... names) {
        return new Request(Stream.of(names).<ToIntFunction<ModelInfo>>map(name -> model -> model.label(name)).toList());
    }

    /** An image of each of these classes, by number from 0. */
    public static Request ofClass(int... labels) {
        return new Request(IntStream.of(labels).<ToIntFunction<ModelInfo>>mapToObj(label -> model -> model.label(label)).toList());
    }

    /** {@code count} images of each class, 1 or more. */
    public Request count(int count) {
        if (count < 1) {
            throw new MaskleapException("count is " + count + ", wanted at least 1");
        }
        return with(copy -> copy.count = count);
    }

    /** The first image's seed; any value. */
    public Request seed(long seed) {
        return with(copy -> copy.seed = seed);
    }

    /** N, 1 or more. */
    public Request steps(int steps) {
        return with(copy -> copy.steps = OptionalInt.of(steps));
    }

    /** B, the number of full steps: 2 to N. */
    public Request budget(int budget) {
        return with(copy -> {
            copy.budget = OptionalInt.of(budget);
            copy.fullStepsOnly = false;
        });
    }

    /** Every step is full, whatever N is: the shortcut is not used. */
    public Request fullStepsOnly() {
        return with(copy -> {
            copy.budget = OptionalInt.empty();
            copy.fullStepsOnly = true;
        });
    }

    public Request schedule(Schedule schedule) {
        return with(copy -> copy.schedule = Optional.of(schedule));
    }

    public Request randomization(Randomization randomization) {
        return with(copy -> copy.randomization = Optional.of(randomization));
    }

    /** w, 0 (no guidance, and half the work) or more. */
    public Request guidance(double guidance) {
        return with(copy -> copy.guidance = OptionalDouble.of(guidance));
    }

    /** Factor on the logits, more than 0: above 1 sharpens. */
    public Request logitScale(double temperature) {
        return with(copy -> copy.logitScale = OptionalDouble.of(temperature));
    }

    /** Weight of the confidence's noise in the first step, 0 or more. */
    public Request gumbelTemperature(double temperature) {
        return with(copy -> copy.gumbelTemperature = OptionalDouble.of(temperature));
    }

    /** Recorded randomness in place of the seed's; the images must then fit in one batch of the session. */
    public Request uniforms(Uniforms uniforms) {
        return with(copy -> copy.uniforms = Optional.of(uniforms));
    }

    /** The settings, with {@code defaults} for what was not said. */
    GenerationSettings settings(GenerationSettings defaults, boolean hasShortcut) {
        int n = steps.orElse(defaults.steps());
        int b = fullStepsOnly || (budget.isEmpty() && !hasShortcut) ? n : budget.orElse(Math.min(defaults.budget(), n));
        return new GenerationSettings(n, b, schedule.orElse(defaults.schedule()), randomization.orElse(defaults.randomization()),
                guidance.orElse(defaults.guidance()), logitScale.orElse(defaults.logitScale()),
                gumbelTemperature.orElse(defaults.gumbelTemperature()));
    }

    /** The numbers of the classes in {@code model}. */
    IntStream labels(ModelInfo model) {
        return classes.stream().mapToInt(choice -> choice.applyAsInt(model));
    }

    int count() {
        return count;
    }

    long seed() {
        return seed;
    }

    Optional<Uniforms> uniforms() {
        return uniforms;
    }
}
