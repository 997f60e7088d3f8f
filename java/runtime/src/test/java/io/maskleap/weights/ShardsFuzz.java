package io.maskleap.weights;

import io.maskleap.FuzzProperty;
import io.maskleap.JsonEdits;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Any bytes as the index of two shards and of one that is bad; some are edits of an honest one. */
public final class ShardsFuzz {
    private static final String HONEST = """
            {"metadata": {"total_size": 8}, "weight_map": {"a": "1.safetensors", "b": "2.safetensors"}}""";
    private static final Path INDEX = shards().resolve("model.safetensors.index.json");

    private ShardsFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        var bytes = JsonEdits.isEdits(input) ? JsonEdits.apply(HONEST, input) : input;
        FuzzProperty.check(() -> {
            var json = Json.parseObject(INDEX.toString(), MemorySegment.ofArray(bytes));
            try (var shards = ShardedSafetensors.of(INDEX, json)) {
                for (var name : shards.names()) {
                    SafetensorsFuzz.read(shards.tensor(name));
                }
            }
        });
    }

    private static Path shards() {
        try {
            var folder = Files.createTempDirectory("shards");
            folder.toFile().deleteOnExit();
            SafetensorsWriter.write(folder.resolve("1.safetensors"), List.of(RawTensor.ofFloats("a", new float[] {1}, 1)), Map.of());
            SafetensorsWriter.write(folder.resolve("2.safetensors"), List.of(RawTensor.ofFloats("b", new float[] {2}, 1)), Map.of());
            Files.write(folder.resolve("bad.safetensors"), new byte[] {1});
            for (var shard : List.of("1.safetensors", "2.safetensors", "bad.safetensors")) {
                folder.resolve(shard).toFile().deleteOnExit();
            }
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
