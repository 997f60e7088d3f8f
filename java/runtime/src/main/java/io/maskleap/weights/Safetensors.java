package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Opens safetensors, be they one file or several. */
public final class Safetensors {
    private static final String SUFFIX = ".safetensors";
    private static final String INDEX_SUFFIX = ".safetensors.index.json";

    private Safetensors() {}

    /**
     * Opens a {@code .safetensors} file, a {@code .safetensors.index.json} with its shards, or a folder that
     * holds one index or, failing that, one {@code .safetensors} file.
     *
     * @throws MaskleapException where a file is missing or bad, index and shards disagree, or a folder does
     *     not say which file is meant
     */
    public static TensorSource open(Path path) {
        var file = Files.isDirectory(path) ? onlyFileOf(path) : path;
        return file.toString().endsWith(INDEX_SUFFIX) ? ShardedSafetensors.open(file) : SafetensorsFile.open(file);
    }

    private static Path onlyFileOf(Path folder) {
        var files = filesOf(folder, INDEX_SUFFIX);
        if (files.isEmpty()) {
            files = filesOf(folder, SUFFIX);
        }
        if (files.size() != 1) {
            throw new MaskleapException("%s: holds %s, wanted one *%s or one *%s: name the file".formatted(
                    folder, files.isEmpty() ? "no safetensors" : files.stream().map(Path::getFileName).toList(),
                    INDEX_SUFFIX, SUFFIX));
        }
        return files.getFirst();
    }

    private static List<Path> filesOf(Path folder, String suffix) {
        try (var files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(suffix)).sorted().toList();
        } catch (IOException e) {
            throw FileErrors.of(folder, "read", e);
        }
    }
}
