package io.maskleap;

import io.maskleap.weights.Json;
import io.maskleap.weights.ModelFolder;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/** Any bytes as a {@code model.json}; some are edits of an honest one. */
public final class ManifestFuzz {
    private static final Path FOLDER = Path.of("no such folder");

    private ManifestFuzz() {
    }

    public static void fuzzerTestOneInput(byte[] input) {
        var bytes = JsonEdits.isEdits(input) ? JsonEdits.apply(ModelManifestTest.HONEST, input) : input;
        FuzzProperty.check(() -> {
            var model = ModelFolder.of(FOLDER, Json.parseObject("model.json", MemorySegment.ofArray(bytes)));
            var manifest = ModelManifest.of(model.manifest());
            var sizes = manifest.networks().sizes();
            if (sizes.sequenceLength() < 2 || sizes.tokens() < 1 || sizes.codebook() < 1) {
                throw new AssertionError("sizes overflow: " + manifest);
            }
            for (var network : List.of("base", "shortcut", "decoder")) {
                FuzzProperty.check(() -> model.weights(network).close());
            }
        });
    }
}
