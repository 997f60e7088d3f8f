package io.maskleap.demo;

import io.maskleap.error.MaskleapException;
import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.Loader;

/** The demo model as a folder that {@code Model.open} takes. */
public final class DemoModel {
    private static final String MANIFEST = "model.json";
    private static final List<String> WEIGHTS = List.of("base.safetensors", "shortcut.safetensors", "decoder.safetensors");

    private DemoModel() {
    }

    /**
     * The model's folder: where its files lie, or, for those in a jar, JavaCPP's per-user cache, to which they are
     * unpacked when they are not there yet.
     *
     * @throws MaskleapException where a file is missing or cannot be unpacked
     */
    public static Path folder() {
        WEIGHTS.forEach(DemoModel::file);
        return file(MANIFEST).getParent();
    }

    private static Path file(String name) {
        var resource = DemoModel.class.getResource(name);
        if (resource == null) {
            throw new MaskleapException("the demo model's " + name + " is not in this program");
        }
        return resource.getProtocol().equals("file") ? Path.of(URI.create(resource.toString())) : unpacked(resource);
    }

    private static Path unpacked(URL resource) {
        try {
            return Loader.cacheResource(resource).toPath();
        } catch (IOException e) {
            throw new MaskleapException("the demo model cannot be unpacked to the cache folder (" + e.getMessage()
                    + "); name a writable one with -Dorg.bytedeco.javacpp.cachedir=DIR", e);
        }
    }
}
