package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A model as it lies on disk: {@code model.json} and the {@code .safetensors} files that it names.
 *
 * <p>{@code model.json} has {@code format} ({@value #FORMAT}), {@code architecture}, {@code name}, and an object for each network
 * whose {@code file} names its weights.
 */
public final class ModelFolder {
    /** The version of the layout. */
    public static final int FORMAT = 1;
    /** The file that makes a folder a model. It is written last. */
    public static final String MANIFEST = "model.json";

    private final Path folder;
    private final JsonObject manifest;

    private ModelFolder(Path folder, JsonObject manifest) {
        this.folder = folder;
        this.manifest = manifest;
    }

    /**
     * Opens the model in {@code folder}.
     *
     * @throws MaskleapException where there is none, or one of another format
     */
    public static ModelFolder open(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new MaskleapException(folder + ": " + (Files.exists(folder) ? "is a file, wanted a model folder" : "no such model folder"));
        }
        var path = folder.resolve(MANIFEST);
        if (!Files.exists(path)) {
            throw new MaskleapException(folder + ": is no model folder, it has no " + MANIFEST + "; make one with maskleap import");
        }
        return of(folder, Json.read(path));
    }

    /** The model that {@code manifest} says is in {@code folder}; errors as {@link #open}. */
    public static ModelFolder of(Path folder, JsonObject manifest) {
        int format = manifest.getInt("format");
        if (format != FORMAT) {
            throw new MaskleapException(manifest.origin() + ": format is " + format + ", wanted " + FORMAT + "; import the checkpoints again");
        }
        return new ModelFolder(folder, manifest);
    }

    public Path path() {
        return folder;
    }

    public JsonObject manifest() {
        return manifest;
    }

    /** What the manifest says of a network, where the model has it. */
    public Optional<JsonObject> network(String name) {
        return manifest.findObject(name);
    }

    /**
     * Maps the weights of a network that the model has.
     *
     * @throws MaskleapException where the file is missing, damaged, or not within the folder
     */
    public TensorSource weights(String network) {
        var json = manifest.getObject(network);
        return SafetensorsFile.open(within(json.getString("file"))
                .orElseThrow(() -> json.error("file", "a file within the model folder")));
    }

    /** The path of a file in the folder, or empty where the name leads out of it or is none. */
    private Optional<Path> within(String file) {
        try {
            var path = folder.resolve(file).normalize();
            var inside = path.toAbsolutePath().normalize();
            var root = folder.toAbsolutePath().normalize();
            return inside.startsWith(root) && !inside.equals(root) ? Optional.of(path) : Optional.empty();
        } catch (InvalidPathException _) {
            return Optional.empty();
        }
    }
}
