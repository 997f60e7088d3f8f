package io.maskleap.benchmarks;

import io.maskleap.Device;

/** Devices as a benchmark's parameters name them. */
final class BenchmarkDevice {
    private BenchmarkDevice() {
    }

    /**
     * The device that {@code text} names: {@code cpu} or {@code emulated}, with a thread for each core or, as in {@code cpu:2},
     * with so many.
     *
     * @throws IllegalArgumentException where it names none
     */
    static Device of(String text) {
        var parts = text.split(":", 2);
        return switch (parts[0]) {
            case "cpu" -> Device.cpu(threads(text, parts));
            case "emulated" -> Device.emulated(threads(text, parts));
            default -> throw unknown(text);
        };
    }

    private static int threads(String text, String[] parts) {
        if (parts.length == 1) {
            return Runtime.getRuntime().availableProcessors();
        }
        if (!parts[1].matches("[1-9][0-9]{0,3}")) {
            throw unknown(text);
        }
        return Integer.parseInt(parts[1]);
    }

    private static IllegalArgumentException unknown(String text) {
        return new IllegalArgumentException("device is \"" + text + "\", wanted cpu, emulated, or either with its threads, such as cpu:2");
    }
}
