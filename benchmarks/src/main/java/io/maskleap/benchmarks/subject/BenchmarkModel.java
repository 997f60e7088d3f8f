package io.maskleap.benchmarks.subject;

import io.maskleap.GenerationSettings;
import io.maskleap.Precision;
import io.maskleap.benchmarks.RandomModel;
import io.maskleap.demo.DemoModel;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.StepBlock;
import io.maskleap.sampling.StepPlan;
import io.maskleap.tools.MaskGitImport;
import java.nio.file.Path;

/** A model that benchmarks compute with, and how it paints. */
public enum BenchmarkModel {
    /** The published MaskGIT-512's sizes with random weights. */
    MASKGIT_512("MaskGIT-512", 32, 12),
    /** The demo model that comes with the repository. */
    DEMO("demo", 16, 5),
    /** A tiny model with random weights: for tests and rehearsals. */
    SMALL("small", 8, 3);

    private final String word;
    private final int steps;
    private final int budget;

    BenchmarkModel(String word, int steps, int budget) {
        this.word = word;
        this.steps = steps;
        this.budget = budget;
    }

    /** N. */
    public int steps() {
        return steps;
    }

    /** B. */
    public int budget() {
        return budget;
    }

    /** Where its files lie; those of random weights are made in the system's folder for temporary files, once. */
    public Path folder(Dtype dtype) {
        var precision = precision(dtype);
        return switch (this) {
            case MASKGIT_512 -> RandomModel.MASKGIT_512.folder(precision);
            case SMALL -> RandomModel.SMALL.folder(precision);
            case DEMO -> DemoModel.folder();
        };
    }

    static Precision precision(Dtype dtype) {
        return dtype == Dtype.F32 ? Precision.FLOAT32 : Precision.BFLOAT16;
    }

    /** How its benchmarks paint an image: with guidance. */
    private GenerationSettings settings() {
        var defaults = MaskGitImport.DEFAULT_SETTINGS;
        return new GenerationSettings(steps, budget, defaults.schedule(), defaults.randomization(), defaults.guidance(), defaults.logitScale(),
                defaults.gumbelTemperature());
    }

    /** What the sampler reads of a step of {@code plan}. */
    public StepBlock block(StepPlan plan, StepPlan.Step step) {
        return settings().sampling().block(plan, step);
    }

    /** The steps of an image of {@code tokens} tokens. */
    public StepPlan plan(int tokens) {
        return StepPlan.of(settings().schedule(), steps, budget, tokens);
    }

    /** As tables write it. */
    @Override
    public String toString() {
        return word;
    }
}
