package io.maskleap.benchmarks;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.maskleap.kernel.Dtype;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the processor that runs the tests has, as the kernel tells it: tests of what it lacks are aborted. */
public final class Processor {
    private Processor() {
    }

    /** Aborts a test if oneDNN has no products of {@code dtype} for this processor. */
    public static void assumeProducts(Dtype dtype) {
        try {
            assumeTrue(dtype == Dtype.F32 || Files.readString(Path.of("/proc/cpuinfo")).contains(" avx512bw "),
                    "oneDNN multiplies bfloat16 only if the processor has AVX-512");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
