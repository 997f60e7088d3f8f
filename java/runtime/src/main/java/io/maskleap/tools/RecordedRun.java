package io.maskleap.tools;

import io.maskleap.GeneratedImage;
import io.maskleap.Manifest;
import io.maskleap.Model;
import io.maskleap.Request;
import io.maskleap.StepView;
import io.maskleap.error.MaskleapException;
import io.maskleap.sampling.Randomization;
import io.maskleap.sampling.Schedule;
import io.maskleap.sampling.Uniforms;
import io.maskleap.tools.VerifyReport.RunCheck;
import io.maskleap.weights.JsonObject;
import io.maskleap.weights.SafetensorsFile;
import io.maskleap.weights.TensorSource;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** A generation that the reference recorded step by step, replayed with the uniforms that it drew. */
final class RecordedRun {
    private final Path folder;
    private final JsonObject run;
    private final Model model;
    private final TensorErrors features;
    private final TensorErrors logits;
    private final TensorErrors image;
    private int mismatches;
    private int firstMismatchStep = -1;
    private int stepsSeen;

    RecordedRun(Path folder, JsonObject run, Model model, Tolerances tolerances) {
        this.folder = folder;
        this.run = run;
        this.model = model;
        features = new TensorErrors("feature", tolerances.feature(), tolerances.relative());
        logits = new TensorErrors("guided_logits", tolerances.logit(), tolerances.relative());
        image = new TensorErrors("final.image", tolerances.image(), tolerances.relative());
    }

    RunCheck replay() {
        var labels = run.getInts("labels").stream().mapToInt(Integer::intValue).toArray();
        boolean light = run.findBoolean("light").orElse(false);
        try (var recorded = SafetensorsFile.open(folder.resolve(run.getString("file"))); var session = model.newSession(labels.length)) {
            var images = session.generate(request(labels, recorded), step -> compare(step, recorded, light));
            compareFinal(images, recorded);
            if (stepsSeen != steps(recorded)) {
                throw new MaskleapException(recorded.path() + ": has " + steps(recorded) + " steps, computed were " + stepsSeen);
            }
        }
        return new RunCheck(run.getString("name"), run.getInt("steps"), mismatches, firstMismatchStep, true,
                light ? List.of(image.check()) : List.of(features.check(), logits.check(), image.check()));
    }

    private Request request(int[] labels, TensorSource recorded) {
        var request = Request.ofClass(labels).steps(run.getInt("steps"))
                .guidance(run.getDouble("cfg_w")).gumbelTemperature(run.getDouble("r_temp")).logitScale(run.getDouble("sm_temp"))
                .schedule(Manifest.value(Schedule.class, run, "schedule")).randomization(randomization())
                .uniforms(step -> new Uniforms.OfStep(recorded.tensor(prefix(step) + "u_sample").toDoubles(),
                        recorded.tensor(prefix(step) + "u_confidence").toDoubles()));
        return run.findString("shortcut").isPresent() ? request.budget(run.getInt("budget")) : request.fullStepsOnly();
    }

    /** The reference's spelling. */
    private Randomization randomization() {
        var name = run.findString("randomize").orElse("linear");
        return switch (name) {
            case "linear" -> Randomization.LINEAR;
            case "warm_up" -> Randomization.WARM_UP;
            case "random" -> Randomization.RANDOM;
            case "no" -> Randomization.NONE;
            default -> throw new MaskleapException(run.origin() + ": randomize \"" + name + "\" is not known");
        };
    }

    static String prefix(int step) {
        return "step" + (step < 10 ? "0" : "") + step + ".";
    }

    private void compare(StepView step, TensorSource recorded, boolean light) {
        stepsSeen++;
        var prefix = prefix(step.index());
        int K = model.info().codebook();
        var codes = step.codes();
        var sampled = step.sampled();
        var fixed = step.fixed();
        var wantedCodes = recorded.tensor(prefix + "codes_after").toInts();
        var wantedSampled = recorded.tensor(prefix + "sampled").toInts();
        var wantedFixed = recorded.tensor(prefix + "new_token_map").toInts();
        requireAll(prefix, recorded, codes.length, wantedCodes.length, wantedSampled.length, wantedFixed.length);
        int before = mismatches;
        for (int i = 0; i < wantedCodes.length; i++) {
            boolean masked = codes[i] < 0;
            boolean same = (masked ? K : codes[i]) == wantedCodes[i] && fixed[i] == (wantedFixed[i] != 0)
                    && (sampled[i] < 0 || sampled[i] == wantedSampled[i]);
            mismatches += same ? 0 : 1;
        }
        if (mismatches > before && firstMismatchStep < 0) {
            firstMismatchStep = step.index();
        }
        if (!light) {
            features.add(step.features(), recorded, prefix + "feature");
            logits.add(step.guidedLogits(), recorded, prefix + "guided_logits");
        }
    }

    private static void requireAll(String prefix, TensorSource recorded, int computed, int... recordedLengths) {
        for (int length : recordedLengths) {
            if (length != computed) {
                throw new MaskleapException(recorded.path() + ": a tensor of " + prefix + " has " + length + " tokens, computed were " + computed);
            }
        }
    }

    /** Steps that are recorded, by their codes. */
    private static long steps(TensorSource recorded) {
        return recorded.names().stream().filter(name -> name.endsWith(".codes_after")).count();
    }

    private void compareFinal(List<GeneratedImage> images, TensorSource recorded) {
        var codes = images.stream().flatMapToInt(generated -> Arrays.stream(generated.codes())).toArray();
        image.add(model.newProbe().decode(codes), recorded, "final.image");
    }
}
