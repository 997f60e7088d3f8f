package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Several safetensors files read as one through their index, a JSON file with {@code weight_map}: tensor
 * name to the name of the file beside the index that holds it. The index decides: a tensor that it does not
 * name is not seen.
 */
final class ShardedSafetensors implements TensorSource {
    private final Path index;
    private final Map<String, SafetensorsFile> shards = new LinkedHashMap<>();
    private final Map<String, RawTensor> tensors = new LinkedHashMap<>();

    private ShardedSafetensors(Path index) {
        this.index = index;
    }

    /** Opens every shard; on an error none stays open. */
    static ShardedSafetensors open(Path index) {
        return of(index, Json.read(index));
    }

    /** Opens every shard that {@code json}, the content of {@code index}, names; on an error none stays open. */
    static ShardedSafetensors of(Path index, JsonObject json) {
        var weightMap = json.getObject("weight_map");
        var sharded = new ShardedSafetensors(index);
        try {
            for (var name : weightMap.keys()) {
                sharded.add(name, weightMap.getString(name));
            }
            return sharded;
        } catch (RuntimeException e) {
            sharded.close();
            throw e;
        }
    }

    private void add(String name, String shardName) {
        var shard = shards.computeIfAbsent(shardName, this::openShard);
        tensors.put(name, shard.find(name).orElseThrow(() -> new MaskleapException(
                "%s: tensor %s should be in %s, which does not have it".formatted(index, name, shardName))));
    }

    private SafetensorsFile openShard(String shardName) {
        var shard = sibling(shardName).orElseThrow(() -> new MaskleapException(
                "%s: names the file \"%s\", wanted the name of a file beside the index".formatted(index, shardName)));
        if (!Files.exists(shard)) {
            throw new MaskleapException("%s: names the file %s, which is missing: download it too"
                    .formatted(index, shardName));
        }
        return SafetensorsFile.open(shard);
    }

    /** The file beside the index: an index is foreign input, and must not point anywhere else. */
    private Optional<Path> sibling(String name) {
        if (!name.endsWith(".safetensors") || name.chars().anyMatch(c -> c == '/' || c == '\\')) {
            return Optional.empty();
        }
        try {
            return Optional.of(index.resolveSibling(name));
        } catch (InvalidPathException _) { // such as a character that the system's encoding does not have
            return Optional.empty();
        }
    }

    @Override
    public Path path() {
        return index;
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(tensors.keySet());
    }

    @Override
    public Optional<RawTensor> find(String name) {
        return Optional.ofNullable(tensors.get(name));
    }

    @Override
    public void close() {
        shards.values().forEach(SafetensorsFile::close);
    }
}
