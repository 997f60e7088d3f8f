package io.maskleap.benchmarks;

import io.maskleap.Device;
import io.maskleap.Maskleap;
import io.maskleap.error.MaskleapException;

/** Devices as a benchmark's parameters name them. */
final class BenchmarkDevice {
    private BenchmarkDevice() {
    }

    /**
     * The device that {@code text} names: {@code cpu}, with a thread for each core, or with so many as in {@code cpu:2}; {@code cuda}, the first GPU, or
     * another as in {@code cuda:1}; {@code emulated}.
     *
     * @throws IllegalArgumentException where it names none
     */
    static Device of(String text) {
        var parts = text.split(":", 2);
        return switch (parts[0]) {
            case "cpu" -> parts.length == 1 ? Device.cpu() : Device.cpu(number(text, parts[1], 1));
            case "cuda" -> parts.length == 1 ? Device.cuda() : Device.cuda(number(text, parts[1], 0));
            case String name when name.equals("emulated") && parts.length == 1 -> Device.emulated();
            default -> throw unknown(text);
        };
    }

    /** What results of {@code device} are compared with: the CPU, or, in a program that cannot use it, the device itself in float32. */
    static Device reference(Device device) {
        try {
            Maskleap.nativeLibraryInfo(Device.cpu());
            return Device.cpu();
        } catch (MaskleapException e) {
            System.out.println("compared with the device itself in float32, not the CPU: " + e.getMessage());
            return device;
        }
    }

    private static int number(String text, String number, int least) {
        if (!number.matches("[0-9]{1,4}") || Integer.parseInt(number) < least) {
            throw unknown(text);
        }
        return Integer.parseInt(number);
    }

    private static IllegalArgumentException unknown(String text) {
        return new IllegalArgumentException("device is \"" + text + "\", wanted cpu or, with its threads, cpu:2; cuda or, with its number, cuda:1; or emulated");
    }
}
