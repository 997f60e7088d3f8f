package io.maskleap.demo;

import io.maskleap.cache.JarCache;
import io.maskleap.error.MaskleapException;
import java.net.URL;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The demo model as a folder that {@code Model.open} takes. */
public final class DemoModel {
    /** Names the model's folder, for programs that come without its files. */
    public static final String FOLDER_PROPERTY = "maskleap.demo";

    private DemoModel() {
    }

    /**
     * The model's folder: what {@link #FOLDER_PROPERTY} says, or where its files lie, or, for those in a jar, Maskleap's per-user
     * cache, to which they are unpacked when they are not there yet.
     *
     * @throws MaskleapException where a file is missing or cannot be unpacked
     */
    public static Path folder() {
        var folder = System.getProperty(FOLDER_PROPERTY);
        if (folder != null) {
            return Path.of(folder);
        }
        return JarCache.unpack(Stream.of("model.json", "base.safetensors", "shortcut.safetensors", "decoder.safetensors")
                .map(DemoModel::resource).toList());
    }

    private static URL resource(String name) {
        var resource = DemoModel.class.getResource(name);
        if (resource == null) {
            throw new MaskleapException("the demo model's " + name + " is not in this program; name a folder that has it with -D"
                    + FOLDER_PROPERTY + "=DIR, or another model");
        }
        return resource;
    }
}
