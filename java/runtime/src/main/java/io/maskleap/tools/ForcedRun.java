package io.maskleap.tools;

import io.maskleap.Manifest;
import io.maskleap.Model;
import io.maskleap.NetworkProbe;
import io.maskleap.sampling.Randomization;
import io.maskleap.sampling.SamplingSettings;
import io.maskleap.sampling.Schedule;
import io.maskleap.sampling.StepPlan;
import io.maskleap.tools.VerifyReport.TensorCheck;
import io.maskleap.weights.JsonObject;
import io.maskleap.weights.SafetensorsFile;
import io.maskleap.weights.TensorSource;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * A generation that the reference recorded, step by step, each with the recorded tokens: features are carried from step to step,
 * so their errors add up as in a run of one's own, but no token that is drawn differently sends it elsewhere.
 */
final class ForcedRun {
    private final Path folder;
    private final JsonObject run;
    private final NetworkProbe probe;
    private final TensorErrors features;
    private final TensorErrors logits;
    private final TensorErrors image;
    private final int[] labels;
    private final int sequencesPerImage;
    private final int tokens;
    private final int codebook;

    ForcedRun(Path folder, JsonObject run, Model model, Tolerances tolerances) {
        this.folder = folder;
        this.run = run;
        probe = model.newProbe();
        features = new TensorErrors("feature", tolerances.feature(), tolerances.relative());
        logits = new TensorErrors("guided_logits", tolerances.logit(), tolerances.relative());
        image = new TensorErrors("final.image", tolerances.image(), tolerances.relative());
        labels = run.getInts("labels").stream().mapToInt(Integer::intValue).toArray();
        sequencesPerImage = run.getDouble("cfg_w") > 0 ? 2 : 1;
        tokens = model.info().grid() * model.info().grid();
        codebook = model.info().codebook();
    }

    List<TensorCheck> check() {
        boolean light = run.findBoolean("light").orElse(false);
        try (var recorded = SafetensorsFile.open(folder.resolve(run.getString("file")))) {
            var plan = plan();
            var codes = new int[labels.length * tokens];
            Arrays.fill(codes, codebook);
            float[] feature = null;
            for (var step : plan.steps()) {
                if (!light) {
                    feature = step.full() ? full(codes) : shortcut(feature, codes, recorded, plan, step);
                    features.add(feature, recorded, RecordedRun.prefix(step.index()) + "feature");
                    logits.add(guidedLogits(feature, guidance(plan, step)), recorded, RecordedRun.prefix(step.index()) + "guided_logits");
                }
                codes = recorded.tensor(RecordedRun.prefix(step.index()) + "codes_after").toInts();
            }
            image.add(probe.decode(codes), recorded, "final.image");
        }
        return light ? List.of(image.check()) : List.of(features.check(), logits.check(), image.check());
    }

    private StepPlan plan() {
        int steps = run.getInt("steps");
        return StepPlan.of(Manifest.value(Schedule.class, run, "schedule"), steps, run.findString("shortcut").isPresent() ? run.getInt("budget") : steps, tokens);
    }

    private float guidance(StepPlan plan, StepPlan.Step step) {
        return new SamplingSettings(run.getDouble("cfg_w"), 1, 0, Randomization.NONE).block(plan, step).guidance();
    }

    /** Features of all conditional sequences, then of all unconditional ones: (sequencesPerImage * images, T, C). */
    private float[] full(int[] codes) {
        var dropped = new boolean[sequencesPerImage * labels.length];
        Arrays.fill(dropped, labels.length, dropped.length, true);
        return probe.features(forEachSequence(codes), forEachSequence(labels), dropped);
    }

    /** Moves {@code feature} on by the tokens that the step before fixed. */
    private float[] shortcut(float[] feature, int[] codes, TensorSource recorded, StepPlan plan, StepPlan.Step step) {
        var fixed = recorded.tensor(RecordedRun.prefix(step.index() - 1) + "new_token_map").toInts();
        int sequences = sequencesPerImage * labels.length;
        var map = new boolean[sequences * (tokens + 1)]; // the class token is never among them
        for (int s = 0; s < sequences; s++) {
            for (int p = 0; p < tokens; p++) {
                map[s * (tokens + 1) + p] = fixed[s % labels.length * tokens + p] != 0;
            }
        }
        var ids = new int[(int) Arrays.stream(fixed).filter(flag -> flag != 0).count()];
        int next = 0;
        for (int i = 0; i < fixed.length; i++) {
            if (fixed[i] != 0) {
                ids[next++] = codes[i];
            }
        }
        var ratios = new float[sequences];
        Arrays.fill(ratios, (float) step.masked() / plan.tokens());
        return probe.shortcut(feature, forEachSequence(ids), map, ratios);
    }

    /** (images, tokens, K). */
    private float[] guidedLogits(float[] feature, float w) {
        var all = probe.logits(feature);
        var out = Arrays.copyOf(all, labels.length * tokens * codebook);
        for (int i = 0; sequencesPerImage == 2 && i < out.length; i++) {
            out[i] = (1 + w) * all[i] - w * all[out.length + i];
        }
        return out;
    }

    /** The images' values once for each of their sequences. */
    private int[] forEachSequence(int[] values) {
        var out = Arrays.copyOf(values, sequencesPerImage * values.length);
        for (int i = values.length; i < out.length; i++) {
            out[i] = values[i - values.length];
        }
        return out;
    }
}
