package io.maskleap.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Small libraries with the names of CUDA's, which answer as a test wants; the build needs a compiler anyway. */
final class StandIns {
    private StandIns() {
    }

    /** A driver for CUDA {@code version} (13000: 13.0) whose cuInit returns {@code status}. */
    static String driver(int version, int status, int gpus, int major, int minor) {
        return """
                #include <stddef.h>
                #include <string.h>
                int cuDriverGetVersion(int* version) { *version = %d; return 0; }
                int cuInit(unsigned flags) { return flags == 0 ? %d : 1; }
                int cuDeviceGetCount(int* count) { *count = %d; return 0; }
                int cuDeviceGet(int* device, int index) { *device = 40 + index; return 0; }
                int cuDeviceGetName(char* name, int bytes, int device) { strncpy(name, device == 40 ? "Stand-in A" : "Stand-in B", bytes); return 0; }
                int cuDeviceTotalMem_v2(size_t* bytes, int device) { *bytes = (size_t)(device - 39) << 33; return 0; }
                int cuDeviceGetAttribute(int* value, int attribute, int device) {
                    *value = attribute == 75 ? %d - (device - 40) : attribute == 76 ? %d : -1;
                    return device >= 40 ? 0 : 1;
                }
                int cuGetErrorName(int status, const char** name) {
                    *name = status == 803 ? "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH" : status == 999 ? "CUDA_ERROR_UNKNOWN" : NULL;
                    return *name ? 0 : 1;
                }
                """.formatted(version, status, gpus, major, minor);
    }

    static String cudart(int version) {
        return "int cudaRuntimeGetVersion(int* version) { *version = %d; return 0; }".formatted(version);
    }

    static String cublasLt(int version) {
        return "unsigned long cublasLtGetVersion(void) { return %d; }".formatted(version);
    }

    static String cublas(int major, int minor, int patch) {
        return "int cublasGetProperty(int part, int* value) { *value = part == 0 ? %d : part == 1 ? %d : %d; return 0; }".formatted(major, minor, patch);
    }

    /** @param cuda for which it was built: 13000 is 13.0 */
    static String cudnnGraph(int version, int cuda) {
        return "unsigned long cudnnGetVersion(void) { return %d; } unsigned long cudnnGetCudartVersion(void) { return %d; }".formatted(version, cuda);
    }

    /** @param part {@code Ops}, {@code Cnn} or {@code Adv} */
    static String cudnnPart(String part, int status) {
        return "int cudnn%sVersionCheck(void) { return %d; }".formatted(part, status);
    }

    /** Makes a driver and libraries that go together, with a GPU of compute capability 9.0 and one of 8.0. */
    static void makeAll(Path folder) throws IOException, InterruptedException {
        make(folder, "libcuda.so.1", driver(13000, 0, 2, 9, 0));
        make(folder, "libcudart.so.13", cudart(13010));
        make(folder, "libcublasLt.so.13", cublasLt(130203));
        make(folder, "libcublas.so.13", cublas(13, 2, 3));
        make(folder, "libcudnn_graph.so.9", cudnnGraph(91900, 13020));
        make(folder, "libcudnn_ops.so.9", cudnnPart("Ops", 0));
        make(folder, "libcudnn_cnn.so.9", cudnnPart("Cnn", 0));
        make(folder, "libcudnn_adv.so.9", cudnnPart("Adv", 0));
    }

    /** Compiles one library, in the place of another of its name. */
    static void make(Path folder, String soname, String source) throws IOException, InterruptedException {
        var compiler = System.getenv().getOrDefault("CXX", "g++");
        var file = Files.writeString(folder.resolve(soname + ".c"), source);
        var library = folder.resolve(soname);
        Files.deleteIfExists(library);
        var process = new ProcessBuilder(compiler, "-x", "c", "-shared", "-fPIC", "-Wl,-soname," + soname, "-o", library.toString(), file.toString())
                .redirectErrorStream(true).start();
        var output = new String(process.getInputStream().readAllBytes());
        assertEquals(0, process.waitFor(), () -> compiler + ": " + output);
    }

    /** Copies all libraries of a folder: other files, which the loader takes for other libraries. */
    static void copyAll(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (var files = Files.newDirectoryStream(from, "*.so.*[0-9]")) {
            for (var file : files) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }
}
