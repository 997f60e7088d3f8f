package io.maskleap.tools;

import io.maskleap.Device;
import io.maskleap.GenerationSettings;
import io.maskleap.Model;
import io.maskleap.NetworkProbe;
import io.maskleap.Precision;
import io.maskleap.error.MaskleapException;
import io.maskleap.sampling.Randomization;
import io.maskleap.sampling.Schedule;
import io.maskleap.tools.VerifyReport.RunCheck;
import io.maskleap.tools.VerifyReport.TensorCheck;
import io.maskleap.weights.Json;
import io.maskleap.weights.JsonObject;
import io.maskleap.weights.SafetensorsFile;
import io.maskleap.weights.TensorSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Runs a MaskGIT fixture from its checkpoints up: import, forward pass, every shortcut, decoder, and every recorded run
 * with its recorded uniforms. Its {@code fixture.json} says what there is.
 */
public final class FixtureVerifier {
    /** Defaults that fit a grid of any size: each run brings its own. */
    private static final GenerationSettings ANY_SETTINGS = new GenerationSettings(1, 1, Schedule.ARCCOS, Randomization.LINEAR, 0, 1, 0);

    private final Path folder;
    private final Device device;
    private final Precision precision;
    private final Tolerances tolerances;
    private final JsonObject fixture;

    /** @throws MaskleapException where {@code folder} is no fixture */
    public FixtureVerifier(Path folder, Device device, Precision precision) {
        this.folder = folder;
        this.device = device;
        this.precision = precision;
        tolerances = Tolerances.of(precision);
        var path = folder.resolve("fixture.json");
        if (!Files.exists(path)) {
            throw new MaskleapException(folder + ": is no fixture folder, it has no fixture.json");
        }
        fixture = Json.read(path);
    }

    /**
     * Runs everything.
     *
     * @param progress hears what is coming
     * @throws MaskleapException where a file is missing or damaged, or the checkpoints cannot be imported
     */
    public VerifyReport run(Consumer<String> progress) {
        var tensors = new ArrayList<TensorCheck>();
        var runs = new ArrayList<RunCheck>();
        var description = new String[1];
        var shortcuts = new ArrayList<Optional<String>>();
        shortcuts.add(Optional.empty());
        shortcutNames().forEach(name -> shortcuts.add(Optional.of(name)));
        try (var expected = SafetensorsFile.open(folder.resolve("expected.safetensors"))) {
            for (var shortcut : shortcuts) {
                progress.accept("import " + shortcut.orElse("base and decoder"));
                withModel(shortcut, model -> {
                    description[0] = model.deviceDescription();
                    var probe = model.newProbe();
                    progress.accept("networks");
                    if (shortcut.isPresent()) {
                        tensors.add(shortcut(probe, expected, shortcut.get()));
                    } else {
                        tensors.addAll(forward(probe, expected));
                        tensors.add(decode(probe, expected));
                    }
                    for (var run : fixture.getObjects("runs")) {
                        if (run.findString("shortcut").equals(shortcut)) {
                            progress.accept("run " + run.getString("name"));
                            runs.add(check(run, model));
                        }
                    }
                });
            }
        }
        requireEveryRun(runs);
        return new VerifyReport(folder, description[0], tensors, runs);
    }

    /**
     * Runs the recorded runs alone, on a model that is there, in place of one imported from the fixture's checkpoints.
     *
     * @param model    a model folder with the weights that the fixture was recorded with
     * @param progress hears what is coming
     * @throws MaskleapException where a file is missing or damaged, or the fixture has runs of more than one shortcut
     */
    public VerifyReport runOn(Path model, Consumer<String> progress) {
        if (shortcutNames().size() > 1) {
            throw new MaskleapException(folder + ": has runs of " + shortcutNames().size() + " shortcuts, and a model has one; verify it with its own checkpoints");
        }
        try (var opened = Model.open(model, device, precision)) {
            requireSame(fixture.getObject("config"), opened);
            var runs = new ArrayList<RunCheck>();
            for (var run : fixture.getObjects("runs")) {
                progress.accept("run " + run.getString("name"));
                runs.add(check(run, opened));
            }
            return new VerifyReport(folder, opened.deviceDescription(), List.of(), runs);
        }
    }

    /** In float32 the run itself; in bfloat16, where a token may well be drawn differently, each step with the recorded tokens. */
    private RunCheck check(JsonObject run, Model model) {
        var free = new RecordedRun(folder, run, model, tolerances).replay();
        return precision == Precision.FLOAT32 ? free : free.withForced(new ForcedRun(folder, run, model, tolerances).check());
    }

    private List<String> shortcutNames() {
        return fixture.findObject("shortcuts").map(object -> List.copyOf(object.keys())).orElse(List.of());
    }

    private void requireEveryRun(List<RunCheck> runs) {
        if (runs.size() != fixture.getObjects("runs").size()) {
            throw fixture.error("runs", "runs whose shortcuts are among " + shortcutNames());
        }
    }

    /** Imports the checkpoints into a temporary folder and opens them. */
    private void withModel(Optional<String> shortcut, Consumer<Model> work) {
        try (var temporary = TemporaryFolder.ofSystem("maskleap-verify-")) {
            var config = fixture.getObject("config");
            int shortcutHeads = shortcut.map(name -> fixture.getObject("shortcuts").getObject(name).getInt("num_heads"))
                    .orElse(MaskGitImport.DEFAULT_SHORTCUT_HEADS);
            var imported = new MaskGitImport(folder.resolve("base.pth"), folder.resolve("vqgan-last.ckpt"), folder.resolve("vqgan-model.yaml"),
                    shortcut.map(name -> folder.resolve(name + ".pth")), temporary.path().resolve("model"), folder.toAbsolutePath().normalize().getFileName().toString(),
                    config.getInt("heads"), shortcutHeads, List.of(), precision, ANY_SETTINGS).run();
            try (var model = Model.open(imported.folder(), device)) {
                requireSame(config, model);
                work.accept(model);
            }
        } catch (IOException e) {
            throw new MaskleapException("the temporary folder cannot be made (" + e.getMessage() + ")", e);
        }
    }

    /** The model's sizes must be what the fixture's config says. */
    private static void requireSame(JsonObject config, Model model) {
        var info = model.info();
        requireSame(config, "image_size", info.imageSize());
        requireSame(config, "patch_size", info.grid());
        requireSame(config, "codebook_size", info.codebook());
        requireSame(config, "nclass", info.classes());
        requireSame(config, "hidden_dim", info.channels());
    }

    private static void requireSame(JsonObject config, String key, int imported) {
        if (config.getInt(key) != imported) {
            throw config.error(key, imported + ", as in the model");
        }
    }

    private List<TensorCheck> forward(NetworkProbe probe, TensorSource expected) {
        var features = probe.features(expected.tensor("forward.codes").toInts(), expected.tensor("forward.labels").toInts(),
                flags(expected, "forward.drop_label"));
        return List.of(TensorErrors.of("forward.feature", features, expected, tolerances.feature(), tolerances.relative()),
                TensorErrors.of("forward.logits", probe.logits(features), expected, tolerances.logit(), tolerances.relative()));
    }

    private TensorCheck shortcut(NetworkProbe probe, TensorSource expected, String name) {
        var next = probe.shortcut(expected.tensor(name + ".prev_feature").toFloats(), expected.tensor(name + ".new_token_ids").toInts(),
                flags(expected, name + ".new_token_map"), expected.tensor(name + ".mask_ratio").toFloats());
        return TensorErrors.of(name + ".next_feature", next, expected, tolerances.feature(), tolerances.relative());
    }

    private TensorCheck decode(NetworkProbe probe, TensorSource expected) {
        return TensorErrors.of("decode.image", probe.decode(expected.tensor("decode.codes").toInts()), expected, tolerances.image(), tolerances.relative());
    }

    private static boolean[] flags(TensorSource source, String name) {
        var ints = source.tensor(name).toInts();
        var flags = new boolean[ints.length];
        for (int i = 0; i < ints.length; i++) {
            flags[i] = ints[i] != 0;
        }
        return flags;
    }
}
