package io.maskleap.tools;

import io.maskleap.weights.RawTensor;
import io.maskleap.weights.TensorSource;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The tensors of a checkpoint as {@link Float32Weights}, remembering which of them a network took. */
final class TakenTensors implements TensorSource {
    private final TensorSource checkpoint;
    private final Arena memory;
    private final Map<String, RawTensor> taken = new LinkedHashMap<>();

    /** @param memory for the tensors that have to be converted */
    TakenTensors(TensorSource checkpoint, Arena memory) {
        this.checkpoint = checkpoint;
        this.memory = memory;
    }

    @Override
    public Path path() {
        return checkpoint.path();
    }

    @Override
    public Set<String> names() {
        return checkpoint.names();
    }

    @Override
    public Optional<RawTensor> find(String name) {
        if (!taken.containsKey(name)) {
            checkpoint.find(name).ifPresent(tensor -> taken.put(name, Float32Weights.of(path(), tensor, memory)));
        }
        return Optional.ofNullable(taken.get(name));
    }

    /** The tensors that were asked for. */
    Collection<RawTensor> taken() {
        return Collections.unmodifiableCollection(taken.values());
    }

    /** The names that nobody asked for. */
    List<String> left() {
        return names().stream().filter(name -> !taken.containsKey(name)).toList();
    }

    /** Does nothing: checkpoint and memory are closed by who opened them. */
    @Override
    public void close() {
    }
}
