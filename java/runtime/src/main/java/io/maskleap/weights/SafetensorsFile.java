package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** One safetensors file, mapped and used in place: opening it reads the header only. */
public final class SafetensorsFile implements TensorSource {
    private final MappedFile file;
    private final Map<String, String> metadata;
    private final Map<String, RawTensor> tensors = new LinkedHashMap<>();

    /** Checks the header in full; errors as {@link #open}. The file is closed with this. */
    SafetensorsFile(MappedFile file) {
        this.file = file;
        var header = SafetensorsHeader.parse(file.path().toString(), file.bytes());
        this.metadata = header.metadata();
        for (var entry : header.tensors()) {
            var data = file.bytes().asSlice(entry.begin(), entry.end() - entry.begin());
            tensors.put(entry.name(), new RawTensor(entry.name(), entry.dtype(), entry.shape(), data));
        }
    }

    /**
     * Maps the file and checks its header in full.
     *
     * @throws MaskleapException where the file cannot be read or breaks a rule of the format
     */
    public static SafetensorsFile open(Path path) {
        var file = MappedFile.open(path);
        try {
            return new SafetensorsFile(file);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    @Override
    public Path path() {
        return file.path();
    }

    /** The file's own key-value pairs; empty where it has none. */
    public Map<String, String> metadata() {
        return metadata;
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
        file.close();
    }
}
