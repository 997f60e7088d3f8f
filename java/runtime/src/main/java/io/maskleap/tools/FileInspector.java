package io.maskleap.tools;

import io.maskleap.architecture.Architecture.NetworkDescription;
import io.maskleap.architecture.Architecture;
import io.maskleap.error.MaskleapException;
import io.maskleap.network.Counts;
import io.maskleap.tools.FileReport.NetworkReport;
import io.maskleap.weights.ModelFolder;
import io.maskleap.weights.Safetensors;
import io.maskleap.weights.TensorSource;
import io.maskleap.weights.TorchCheckpoint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

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
        var architecture = Architecture.of(manifest);
        var networks = architecture.read(manifest).networks().stream().map(network -> report(model, network)).toList();
        return new FileReport(path, "model folder, %s \"%s\"".formatted(architecture.displayName(), manifest.getString("name")), networks);
    }

    private static NetworkReport report(ModelFolder model, NetworkDescription network) {
        try (var weights = model.weights(network.name())) {
            return NetworkReport.of(network.name(), network.summary().apply(weights), weights);
        }
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
        return NetworkReport.of("tensors", Counts.of(source.names().size(), "tensor"), source);
    }
}
