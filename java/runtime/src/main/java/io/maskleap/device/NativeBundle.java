package io.maskleap.device;

import io.maskleap.cache.JarCache;
import io.maskleap.error.MaskleapException;
import java.net.URL;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** The native libraries that travel in jars, one jar a platform. */
public final class NativeBundle {
    private static final String PLATFORM = platform(System.getProperty("os.name"), System.getProperty("os.arch"));

    private NativeBundle() {
    }

    /** Our own library {@code name} for this platform. */
    public static Path maskleap(String name) {
        return unpack("io/maskleap/native/" + PLATFORM, name, "io.maskleap:maskleap-native");
    }

    /** The folder of the libraries that stand in for CUDA's, which are named. */
    public static Path emulatedCuda(List<String> names) {
        return unpack("io/maskleap/native/" + PLATFORM + "/emulated", names, "io.maskleap:maskleap-native");
    }

    /** The library {@code name} of the oneDNN preset. */
    public static Path oneDnn(String name) {
        return unpack("org/bytedeco/dnnl/" + PLATFORM, name, "org.bytedeco:dnnl");
    }

    private static Path unpack(String folder, String name, String artifact) {
        return unpack(folder, List.of(name), artifact).resolve(name);
    }

    /** The folder in which these files of a folder of the jars lie now. */
    private static Path unpack(String folder, List<String> names, String artifact) {
        return JarCache.unpack(names.stream().map(name -> find(folder + "/" + name, artifact)).toList());
    }

    private static URL find(String file, String artifact) {
        // No package has this folder's name, so no module hides it.
        var resource = NativeBundle.class.getClassLoader().getResource(file);
        if (resource == null) {
            throw new MaskleapException("native library " + file.substring(file.lastIndexOf('/') + 1) + " is in no jar of this program; put " + artifact
                    + " with classifier " + PLATFORM + " on the class path");
        }
        return resource;
    }

    /** The platform's name as JavaCPP writes it: {@code linux-x86_64}. */
    static String platform(String os, String architecture) {
        var system = os.toLowerCase(Locale.ROOT).replaceFirst("^mac os x$", "macosx").replaceFirst("^windows.*", "windows");
        return system + "-" + switch (architecture) {
            case "amd64" -> "x86_64";
            case "aarch64" -> "arm64";
            default -> architecture;
        };
    }
}
