package io.maskleap.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Memory that is in use now, in bytes.
 *
 * @param own of this process: pages that belong to no file, in memory or swapped out. Pages of files do not count, since a kernel may reclaim them at
 *            any time
 * @param gpu      of the first GPU, by all its users; empty where there is none, or no {@code nvidia-smi}
 */
record MemoryUse(long own, Optional<Long> gpu) {
    private static final long KILOBYTE = 1 << 10;
    private static final long MEGABYTE = 1 << 20;

    /** Longer than the collector waits before it gives the next piece back. */
    private static final Duration GIVING_BACK = Duration.ofMillis(300);

    /** Measures, after the garbage is collected and what the collector then gives back, a piece at a time, is given back. */
    static MemoryUse now() {
        System.gc();
        long own = ownBytes();
        long before;
        do {
            before = own;
            sleep();
            own = ownBytes();
        } while (own < before);
        return new MemoryUse(own, gpuBytes());
    }

    private static void sleep() {
        try {
            Thread.sleep(GIVING_BACK);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static long ownBytes() {
        try (var lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("RssAnon:") || line.startsWith("VmSwap:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * KILOBYTE).sum();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Optional<Long> gpuBytes() {
        try {
            var process = new ProcessBuilder("nvidia-smi", "--id=0", "--query-gpu=memory.used", "--format=csv,noheader,nounits").start();
            var text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return process.waitFor() == 0 && text.matches("\\d+") ? Optional.of(Long.parseLong(text) * MEGABYTE) : Optional.empty();
        } catch (IOException _) {
            return Optional.empty();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
