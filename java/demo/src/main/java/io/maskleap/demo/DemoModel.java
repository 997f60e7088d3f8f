package io.maskleap.demo;

import io.maskleap.cache.JarCache;
import io.maskleap.error.MaskleapException;
import java.net.URL;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The demo model as a folder that {@code Model.open} takes. */
public final class DemoModel {
    private DemoModel() {
    }

    /**
     * The model's folder: where its files lie, or, for those in a jar, Maskleap's per-user cache, to which they are unpacked
     * when they are not there yet.
     *
     * @throws MaskleapException where a file is missing or cannot be unpacked
     */
    public static Path folder() {
        return JarCache.unpack(Stream.of("model.json", "base.safetensors", "shortcut.safetensors", "decoder.safetensors")
                .map(DemoModel::resource).toList());
    }

    private static URL resource(String name) {
        var resource = DemoModel.class.getResource(name);
        if (resource == null) {
            throw new MaskleapException("the demo model's " + name + " is not in this program");
        }
        return resource;
    }
}
