package io.maskleap.benchmarks.libtorch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How libtorch is loaded. */
class LibtorchTest {

    /** The other process's program: libtorch is loaded once in a process. */
    static final class Start {
        private Start() {
        }

        public static void main(String[] args) {
            Libtorch.start(Blas.OPENBLAS, 1);
        }
    }

    /** As after the first clone, on a machine whose distribution has a libtorch: here one that ends the process. */
    @Test
    void anotherLibtorchOfTheSystemIsNotLoadedWhileOursIsUnpacked(@TempDir Path folder) throws IOException, InterruptedException {
        assumeTrue(Libtorch.isPresent());
        var system = Files.createDirectory(folder.resolve("system"));
        var source = Files.writeString(folder.resolve("other.c"), """
                #include <stdlib.h>

                __attribute__((constructor)) static void loaded(void) { _Exit(42); }
                """);
        run(new ProcessBuilder(System.getenv().getOrDefault("CXX", "g++"), "-x", "c", "-shared", "-fPIC", "-Wl,-soname,libtorch_cpu.so", "-o",
                system.resolve("libtorch_cpu.so").toString(), source.toString()));
        var start = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--enable-native-access=ALL-UNNAMED",
                "-Dorg.bytedeco.javacpp.cachedir=" + folder.resolve("cache"), "-cp", System.getProperty("java.class.path"), Start.class.getName());
        start.environment().put("LD_LIBRARY_PATH", system.toString());
        run(start);
    }

    private static void run(ProcessBuilder program) throws IOException, InterruptedException {
        var process = program.redirectErrorStream(true).start();
        var printed = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertEquals(0, process.waitFor(), printed);
    }
}
