package io.maskleap.device.cuda;

import io.maskleap.cache.JarCache;
import io.maskleap.error.MaskleapException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What CUDA needs of this program itself: a platform for which it is compiled, the presets, and our kernels. */
final class CudaProgram {
    /** Names a library of CUDA kernels to use in place of the built-in one. */
    static final String KERNELS_PROPERTY = "maskleap.cuda.kernels";

    /** The only platform, as Java names it, and as it is written in jars. */
    private static final String SYSTEM = "Linux amd64";
    private static final String PLATFORM = "linux-x86_64";

    private static final String KERNELS = "libmaskleap_cuda.so";

    private CudaProgram() {
    }

    /**
     * Refuses other systems than ours.
     *
     * @throws MaskleapException where this is one
     */
    static void requirePlatform(HostEnvironment hostEnvironment) {
        if (!hostEnvironment.platform().equals(SYSTEM)) {
            throw new MaskleapException("this is " + hostEnvironment.platform() + ", wanted " + SYSTEM);
        }
    }

    /**
     * Makes sure that the presets' classes and JNI libraries are there, without touching them.
     *
     * @throws MaskleapException where they are not
     */
    static void requirePresets(HostEnvironment hostEnvironment) {
        requireResource(hostEnvironment, "org/bytedeco/javacpp/Loader.class", "org.bytedeco:javacpp");
        requireResource(hostEnvironment, "org/bytedeco/javacpp/" + PLATFORM + "/libjnijavacpp.so", "org.bytedeco:javacpp with classifier " + PLATFORM);
        requireResource(hostEnvironment, "org/bytedeco/cuda/global/cudart.class", "org.bytedeco:cuda");
        requireResource(hostEnvironment, "org/bytedeco/cuda/" + PLATFORM + "/libjnicudart.so", "org.bytedeco:cuda with classifier " + PLATFORM);
    }

    private static void requireResource(HostEnvironment hostEnvironment, String resource, String artifact) {
        if (hostEnvironment.resources().apply(resource) == null) {
            throw new MaskleapException(resource + " is in no jar of this program; put " + artifact + " on the class path");
        }
    }

    /**
     * The library of our kernels: that which {@value #KERNELS_PROPERTY} names, or the built-in one, unpacked.
     *
     * @throws MaskleapException where there is none
     */
    static Path kernels(HostEnvironment hostEnvironment) {
        var named = hostEnvironment.property(KERNELS_PROPERTY);
        if (named.isPresent()) {
            var path = Path.of(named.get());
            if (!Files.isRegularFile(path)) {
                throw new MaskleapException("-D" + KERNELS_PROPERTY + "=" + path + ": no such file, wanted a library of CUDA kernels");
            }
            return path;
        }
        var resource = hostEnvironment.resources().apply("io/maskleap/native/" + PLATFORM + "/" + KERNELS);
        if (resource == null) {
            throw new MaskleapException(KERNELS + " is in no jar of this program, which was built without nvcc; build it again where nvcc is installed, or "
                    + "name a library with -D" + KERNELS_PROPERTY + "=FILE (./build-native.sh cuda makes one)");
        }
        return JarCache.unpack(List.of(resource)).resolve(KERNELS);
    }
}
