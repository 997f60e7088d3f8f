package io.maskleap.tools;

import io.maskleap.Manifest;
import io.maskleap.error.MaskleapException;
import io.maskleap.network.MaskGitConfig;
import io.maskleap.network.ShortcutConfig;
import io.maskleap.network.VqganConfig;
import io.maskleap.tools.FileReport.NetworkReport;
import io.maskleap.weights.ModelFolder;
import io.maskleap.weights.Safetensors;
import io.maskleap.weights.TensorSource;
import io.maskleap.weights.TorchCheckpoint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Says what is in a file, without computing with it. */
public final class FileInspector {
    private FileInspector() {
    }

    /**
     * Inspects a model folder, a safetensors file, the index (or the folder) of several, or a PyTorch checkpoint.
     *
     * @throws MaskleapException where it is none of them, or bad
     */
    public static FileReport inspect(Path path) {
        if (Files.exists(path.resolve(ModelFolder.MANIFEST))) {
            return modelFolder(path);
        }
        var isSafetensors = path.toString().endsWith(".safetensors") || path.toString().endsWith(".safetensors.index.json");
        return Files.isDirectory(path) || isSafetensors ? safetensors(path) : checkpoint(path);
    }

    private static FileReport modelFolder(Path path) {
        var model = ModelFolder.open(path);
        var manifest = model.manifest();
        if (!manifest.getString("architecture").equals(Manifest.MASKGIT)) {
            throw manifest.error("architecture", '"' + Manifest.MASKGIT + '"');
        }
        var networks = new ArrayList<NetworkReport>();
        var base = MaskGitConfig.fromJson(manifest.getObject("base"));
        networks.add(network(model, "base", _ -> withHeads(NetworkSummary.of(base), base.heads())));
        model.network("shortcut").map(ShortcutConfig::fromJson).ifPresent(shortcut ->
                networks.add(network(model, "shortcut", _ -> withHeads(NetworkSummary.of(shortcut), shortcut.heads()))));
        networks.add(network(model, "decoder", weights -> NetworkSummary.of(VqganConfig.derive(weights))));
        return new FileReport(path, "model folder, MaskGIT \"%s\"".formatted(manifest.getString("name")), networks);
    }

    private static NetworkReport network(ModelFolder model, String name, Function<TensorSource, String> summary) {
        try (var weights = model.weights(name)) {
            return NetworkReport.of(name, summary.apply(weights), weights);
        }
    }

    private static String withHeads(String summary, int heads) {
        return summary + ", " + NetworkSummary.heads(heads);
    }

    private static FileReport safetensors(Path path) {
        try (var source = Safetensors.open(path)) {
            var kind = source.path().toString().endsWith(".json") ? "safetensors in shards" : "safetensors";
            return new FileReport(source.path(), kind, List.of(allTensors(source)));
        }
    }

    private static FileReport checkpoint(Path path) {
        try (var checkpoint = TorchCheckpoint.open(path)) {
            var kind = "PyTorch checkpoint" + ForeignObjects.describe(checkpoint.root());
            return new FileReport(path, kind, List.of(allTensors(checkpoint.stateDict("model_state_dict", "state_dict"))));
        }
    }

    private static NetworkReport allTensors(TensorSource source) {
        return NetworkReport.of("tensors", NetworkSummary.tensors(source.names().size()), source);
    }
}
