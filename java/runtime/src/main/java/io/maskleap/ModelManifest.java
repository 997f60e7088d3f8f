package io.maskleap;

import io.maskleap.error.MaskleapException;
import io.maskleap.network.MaskGitConfig;
import io.maskleap.network.ShortcutConfig;
import io.maskleap.sampling.StepPlan;
import io.maskleap.weights.JsonObject;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;

/**
 * What {@code model.json} says, checked as far as it can be without the weights.
 *
 * @param classNames in order; empty where the model has none
 */
record ModelManifest(String name, List<String> classNames, MaskGitConfig base, Optional<ShortcutConfig> shortcut,
        GenerationSettings defaults) {

    /** @throws MaskleapException where something is missing, impossible or at odds with the rest; the sentence names the key */
    static ModelManifest of(JsonObject json) {
        if (!json.getString("architecture").equals(Manifest.MASKGIT)) {
            throw json.error("architecture", '"' + Manifest.MASKGIT + '"');
        }
        var base = MaskGitConfig.fromJson(json.getObject("base"));
        var shortcut = json.findObject("shortcut").map(fields -> shortcut(fields, base));
        return new ModelManifest(json.getString("name"), classNames(json, base), base, shortcut,
                defaults(json, base, shortcut.isPresent()));
    }

    private static ShortcutConfig shortcut(JsonObject json, MaskGitConfig base) {
        var config = ShortcutConfig.fromJson(json);
        if (config.baseChannels() != base.channels()) {
            throw json.error("base_channels", base.channels() + " as base.channels");
        }
        return config;
    }

    private static List<String> classNames(JsonObject json, MaskGitConfig base) {
        List<String> names = json.has("classes") ? json.getStrings("classes") : List.of();
        if (!names.isEmpty() && names.size() != base.classes()) {
            throw new MaskleapException(json.origin() + ": classes has " + names.size() + " names, the base network " + base.classes() + " classes");
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
    private static GenerationSettings defaults(JsonObject json, MaskGitConfig base, boolean hasShortcut) {
        var fields = json.getObject("defaults");
        var settings = Manifest.settings(fields);
        try {
            StepPlan.of(settings.schedule(), settings.steps(), settings.budget(), base.tokens());
            settings.sampling();
        } catch (MaskleapException e) {
            throw new MaskleapException(json.origin() + ": defaults: " + e.getMessage(), e);
        }
        if (!hasShortcut && !settings.fullStepsOnly()) {
            throw fields.error("budget", settings.steps() + " as there is no shortcut");
        }
        return settings;
    }
}
