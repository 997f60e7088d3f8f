package io.maskleap;

import io.maskleap.architecture.Architecture;
import io.maskleap.architecture.ModelSizes;
import io.maskleap.error.MaskleapException;
import io.maskleap.sampling.StepPlan;
import io.maskleap.weights.JsonObject;
import java.util.HashSet;
import java.util.List;

/**
 * What {@code model.json} says, checked as far as it can be without the weights.
 *
 * @param classNames in order; empty if the model has none
 * @param networks   what the architecture reads of it
 */
record ModelManifest(String name, List<String> classNames, Architecture.Description networks, GenerationSettings defaults) {

    /** @throws MaskleapException where something is missing, impossible or at odds with the rest; the sentence names the key */
    static ModelManifest of(JsonObject json) {
        var networks = Architecture.of(json).read(json);
        var sizes = networks.sizes();
        return new ModelManifest(json.getString("name"), classNames(json, sizes), networks, defaults(json, sizes));
    }

    private static List<String> classNames(JsonObject json, ModelSizes sizes) {
        List<String> names = json.has("classes") ? json.getStrings("classes") : List.of();
        if (!names.isEmpty() && names.size() != sizes.classes()) {
            throw new MaskleapException(json.origin() + ": classes has " + names.size() + " names, the base network " + sizes.classes() + " classes");
        }
        var seen = new HashSet<String>();
        for (var name : names) {
            if (name.isBlank() || !seen.add(name)) {
                throw new MaskleapException("%s: classes[%d] is \"%s\", wanted a name%s".formatted(json.origin(), seen.size(), name,
                        name.isBlank() ? "" : " that no other class has"));
            }
        }
        return names;
    }

    /** The defaults, checked as a request that says nothing would have them checked. */
    private static GenerationSettings defaults(JsonObject json, ModelSizes sizes) {
        var fields = json.getObject("defaults");
        var settings = Manifest.settings(fields);
        try {
            StepPlan.of(settings.schedule(), settings.steps(), settings.budget(), sizes.tokens());
            settings.sampling();
        } catch (MaskleapException e) {
            throw new MaskleapException(json.origin() + ": defaults: " + e.getMessage(), e);
        }
        if (!sizes.hasShortcut() && !settings.fullStepsOnly()) {
            throw fields.error("budget", settings.steps() + " as there is no shortcut");
        }
        return settings;
    }
}
