package io.maskleap.device;

import io.maskleap.error.MaskleapException;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import org.bytedeco.javacpp.Loader;

/** The native libraries that travel in jars, unpacked by JavaCPP's loader into its per-user cache. */
final class NativeBundle {
    private static final String PLATFORM = Loader.Detector.getPlatform();

    private NativeBundle() {
    }

    /** Our own library {@code name} for this platform. */
    static Path maskleap(String name) {
        return unpack("io/maskleap/native/" + PLATFORM + "/" + name, "build it with build-native.sh and package again");
    }

    /** The library {@code name} of the oneDNN preset. */
    static Path oneDnn(String name) {
        return unpack("org/bytedeco/dnnl/" + PLATFORM + "/" + name,
                "put org.bytedeco:dnnl with classifier " + PLATFORM + " on the class path");
    }

    private static Path unpack(String resource, String remedy) {
        var url = NativeBundle.class.getClassLoader().getResource(resource);
        if (url == null) {
            throw new MaskleapException("native library " + resource + " is in no jar of this program; " + remedy);
        }
        try {
            return url.getProtocol().equals("file") ? Path.of(url.toURI()) : Loader.cacheResource(url).toPath();
        } catch (IOException | URISyntaxException e) {
            throw new MaskleapException("native library " + resource + ": cannot be unpacked to the cache folder ("
                    + e.getMessage() + "); name a writable one with -Dorg.bytedeco.javacpp.cachedir=DIR", e);
        }
    }
}
