package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The tensors of one dict of a checkpoint, whose mapping they live in. */
final class TorchStateDict implements TensorSource {
    private final Path path;
    private final TorchTensorReader reader;
    private final Map<String, Object> entries = new LinkedHashMap<>();
    private final Set<String> names = new LinkedHashSet<>();

    /** Tensors that were asked for: a copy, where one is needed, is made once. */
    private final Map<String, RawTensor> read = new ConcurrentHashMap<>();

    TorchStateDict(Path path, Map<?, ?> dict, TorchTensorReader reader) {
        this.path = path;
        this.reader = reader;
        dict.forEach((key, value) -> {
            if (key instanceof String name) {
                entries.put(name, value);
                if (value instanceof TorchTensor) {
                    names.add(name);
                }
            }
        });
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(names);
    }

    /** @throws MaskleapException where the entry is not a tensor, or its data are missing or not supported */
    @Override
    public Optional<RawTensor> find(String name) {
        return switch (entries.get(name)) {
            case TorchTensor tensor -> Optional.of(read.computeIfAbsent(name, key -> reader.read(key, tensor)));
            case null -> Optional.empty();
            case Object other -> throw new MaskleapException(
                    "%s: %s is %s, wanted a tensor".formatted(path, name, TorchCheckpoint.describe(other)));
        };
    }

    /** Does nothing: the checkpoint is closed by who opened it. */
    @Override
    public void close() {}
}
