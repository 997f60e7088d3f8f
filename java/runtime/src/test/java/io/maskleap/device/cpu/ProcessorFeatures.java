package io.maskleap.device.cpu;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the processor that runs the tests has, as the kernel tells it: tests of what it lacks are aborted. */
public final class ProcessorFeatures {
    private ProcessorFeatures() {
    }

    /** Aborts a test of bfloat16 on the CPU if oneDNN has no products of bfloat16 for this processor: it needs AVX-512. */
    public static void assumeBfloat16Products() {
        assumeTrue(hasFlag("avx512bw") && System.getenv("ONEDNN_MAX_CPU_ISA") == null, "oneDNN multiplies bfloat16 only if the processor has AVX-512");
    }

    private static boolean hasFlag(String flag) {
        try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("flags")).anyMatch(line -> (line + " ").contains(" " + flag + " "));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
