package io.maskleap.device.cuda;

import io.maskleap.device.NativeBundle;
import java.net.URL;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * All that a diagnosis asks the system for, so that a test can answer.
 *
 * @param platform    operating system and architecture, as Java names them
 * @param root        of the file system
 * @param home        the user's folder
 * @param environment the process's variables
 * @param properties  the system property of a name, or null
 * @param resources   the file of a name in the program's jars, or null
 */
record HostEnvironment(String platform, Path root, Path home, Map<String, String> environment, Function<String, String> properties,
        Function<String, URL> resources) {

    /** This process's. */
    static HostEnvironment ofProcess() {
        return new HostEnvironment(System.getProperty("os.name") + " " + System.getProperty("os.arch"), Path.of("/"),
                Path.of(System.getProperty("user.home", "/")), System.getenv(), System::getProperty,
                HostEnvironment.class.getClassLoader()::getResource);
    }

    /** This process's, but with the libraries that stand in for CUDA's, and our kernels compiled for the processor. */
    static HostEnvironment emulated() {
        var process = ofProcess();
        var properties = Map.of(CudaLibrarySearch.PATH_PROPERTY, emulatedLibraries().toString(),
                CudaProgram.KERNELS_PROPERTY, NativeBundle.maskleap("libmaskleap_cuda_emulated.so").toString());
        return new HostEnvironment(process.platform, process.root, process.home, process.environment,
                name -> properties.getOrDefault(name, System.getProperty(name)), process.resources);
    }

    /** The folder of the libraries that stand in for CUDA's. */
    static Path emulatedLibraries() {
        return NativeBundle.emulatedCuda(
                Stream.concat(Stream.of(CudaLibrarySearch.DRIVER), Stream.of(CudaLibrary.values()).map(library -> library.soname)).toList());
    }

    /** A path of the system, such as {@code /usr/lib64}. */
    Path system(String absolute) {
        return root.resolve(absolute.substring(1));
    }

    /** What a variable says; empty where it is not set or says nothing. */
    Optional<String> variable(String name) {
        return Optional.ofNullable(environment.get(name)).filter(value -> !value.isEmpty());
    }

    /** What a system property says; empty where it is not set or says nothing. */
    Optional<String> property(String name) {
        return Optional.ofNullable(properties.apply(name)).filter(value -> !value.isEmpty());
    }
}
