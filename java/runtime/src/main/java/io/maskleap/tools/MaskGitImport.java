package io.maskleap.tools;

import io.maskleap.GenerationSettings;
import io.maskleap.Manifest;
import io.maskleap.Precision;
import io.maskleap.architecture.maskgit.MaskGitArchitecture;
import io.maskleap.architecture.maskgit.MaskGitConfig;
import io.maskleap.error.MaskleapException;
import io.maskleap.kernel.Dtype;
import io.maskleap.network.Counts;
import io.maskleap.network.VqganConfig;
import io.maskleap.sampling.Randomization;
import io.maskleap.sampling.Schedule;
import io.maskleap.sampling.StepPlan;
import io.maskleap.weights.Json;
import io.maskleap.weights.ModelFolder;
import io.maskleap.weights.TorchCheckpoint;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Makes a model folder of the checkpoints in which MaskGITs and their shortcuts are published. What shapes tell is
 * derived and checked; the rest has to be told.
 *
 * @param base          checkpoint of the base network, its tensors under {@code model_state_dict} or at the root
 * @param vqgan         taming transformers' checkpoint of the VQGAN, of which the decoder is kept
 * @param vqganConfig   the YAML file that belongs to it
 * @param shortcut      checkpoint of the shortcut
 * @param out           the folder to make; an empty one may be there
 * @param name          of the model
 * @param heads         attention heads of the base network
 * @param shortcutHeads attention heads of the shortcut
 * @param classNames    in the order of the classes; empty: the classes have numbers only
 * @param precision     in which weights are stored: bfloat16 for what products multiply, or all in float32
 * @param defaults      settings for what a request does not say; without a shortcut all steps are full
 */
public record MaskGitImport(Path base, Path vqgan, Path vqganConfig, Optional<Path> shortcut, Path out, String name,
        int heads, int shortcutHeads, List<String> classNames, Precision precision, GenerationSettings defaults) {
    /** Heads of the published base networks. */
    public static final int DEFAULT_HEADS = 16;
    /** Heads of the published shortcut. */
    public static final int DEFAULT_SHORTCUT_HEADS = 16;
    /** The settings that the published model was evaluated with. */
    public static final GenerationSettings DEFAULT_SETTINGS =
            new GenerationSettings(32, 12, Schedule.ARCCOS, Randomization.LINEAR, 2.8, 1, 7);

    public MaskGitImport {
        classNames = List.copyOf(classNames);
    }

    /**
     * Writes the model folder, which appears whole or not at all.
     *
     * @throws MaskleapException where {@code out} is taken, a file is missing or bad, tensors are missing, do not fit
     *     each other or are not finite, or class names or defaults do not fit the model; no folder is left then
     */
    public ImportReport run() {
        var folder = NewFolder.at(out);
        try (var baseFile = TorchCheckpoint.open(base);
                var vqganFile = TorchCheckpoint.open(vqgan);
                var shortcutFile = shortcut.map(TorchCheckpoint::open).orElse(null);
                var memory = Arena.ofConfined()) {
            var vqganTensors = vqganFile.stateDict("state_dict");
            var decoderConfig = VqganConfig.derive(vqganTensors);
            VqganYaml.requireSame(vqganConfig, decoderConfig, vqgan);

            var networks = new MaskGitNetworks(memory, precision == Precision.BFLOAT16 ? Dtype.BF16 : Dtype.F32);
            var baseNetwork = networks.addBase(baseFile.stateDict("model_state_dict"), heads, decoderConfig.codebook());
            if (shortcutFile != null) {
                networks.addShortcut(shortcutFile.stateDict(), shortcutHeads, baseNetwork);
            }
            networks.addDecoder(vqganTensors, decoderConfig);

            requireClassNames(baseNetwork.config().classes());
            var settings = settings(baseNetwork.config());
            folder.write(hidden -> {
                networks.writeWeights(hidden);
                Json.write(hidden.resolve(ModelFolder.MANIFEST), manifest(networks.all(), settings));
            });
            return new ImportReport(out, derived(networks.all()), assumed(networks.all(), settings));
        }
    }

    private void requireClassNames(int classes) {
        if (!classNames.isEmpty() && classNames.size() != classes) {
            throw new MaskleapException("%d class names, wanted %d: one for each class of %s"
                    .formatted(classNames.size(), classes, base));
        }
        var seen = new HashSet<String>();
        for (var className : classNames) {
            if (className.isBlank()) {
                throw new MaskleapException("the name of class %d is empty".formatted(seen.size()));
            }
            if (!seen.add(className)) {
                throw new MaskleapException("class name \"%s\" stands twice, for classes %d and %d"
                        .formatted(className, classNames.indexOf(className), seen.size()));
            }
        }
    }

    /** The defaults, checked as a request that says nothing would have them checked. */
    private GenerationSettings settings(MaskGitConfig config) {
        var budget = shortcut.isPresent() ? defaults.budget() : defaults.steps();
        try {
            StepPlan.of(defaults.schedule(), defaults.steps(), budget, config.tokens());
            defaults.sampling();
        } catch (MaskleapException e) {
            throw new MaskleapException("default settings: " + e.getMessage(), e);
        }
        return new GenerationSettings(defaults.steps(), budget, defaults.schedule(), defaults.randomization(),
                defaults.guidance(), defaults.logitScale(), defaults.gumbelTemperature());
    }

    private Map<String, Object> manifest(List<ImportedNetwork> networks, GenerationSettings settings) {
        var json = new LinkedHashMap<String, Object>();
        json.put("format", ModelFolder.FORMAT);
        json.put("architecture", MaskGitArchitecture.NAME);
        json.put("name", name);
        if (!classNames.isEmpty()) {
            json.put("classes", classNames);
        }
        networks.forEach(network -> json.put(network.name(), network.toJson()));
        json.put("defaults", Manifest.toJson(settings));
        return json;
    }

    private static List<String> derived(List<ImportedNetwork> networks) {
        return networks.stream()
                .map(network -> "%s: %s (from the shapes)".formatted(network.name(), network.summary()))
                .toList();
    }

    private List<String> assumed(List<ImportedNetwork> networks, GenerationSettings settings) {
        var assumed = new ArrayList<String>();
        assumed.add("heads: %d (nothing in the checkpoint says so; --heads)".formatted(heads));
        if (shortcut.isPresent()) {
            assumed.add("shortcut heads: %d (nothing in the checkpoint says so; --shortcut-heads)"
                    .formatted(shortcutHeads));
        }
        if (classNames.isEmpty()) {
            assumed.add("class names: none, the classes have numbers only (--class-names)");
        }
        assumed.add("defaults: %d steps, %d of them full, %s schedule, randomization %s, guidance %s, logit scale"
                .formatted(settings.steps(), settings.budget(), Manifest.spelling(settings.schedule()),
                        Manifest.spelling(settings.randomization()), settings.guidance())
                + " %s, Gumbel temperature %s".formatted(settings.logitScale(), settings.gumbelTemperature()));
        for (var network : networks) {
            if (!network.leftOut().isEmpty()) {
                assumed.add("%s: left out %s that the network does not use: %s".formatted(network.name(),
                        Counts.of(network.leftOut().size(), "tensor"), String.join(", ", network.leftOut())));
            }
        }
        return assumed;
    }
}
