package io.maskleap.benchmarks;

import io.maskleap.Device;
import io.maskleap.Precision;
import io.maskleap.demo.DemoModel;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The options of a {@link Check}.
 *
 * @param model   a model folder
 * @param numbers by name
 */
record CheckOptions(Path model, Device device, Precision precision, Map<String, Integer> numbers) {

    /**
     * Reads {@code --model DIR} (default: the demo), {@code --device NAME} ({@link BenchmarkDevice#of}; default: cpu),
     * {@code --dtype f32|bf16} (default: f32), and {@code --NAME NUMBER} for the numbers that have defaults.
     *
     * @throws IllegalArgumentException where an argument is none of these; its sentence says how the program is used
     */
    static CheckOptions of(String program, Map<String, Integer> defaults, String... arguments) {
        Path model = null;
        var device = BenchmarkDevice.of("cpu");
        var precision = Precision.FLOAT32;
        var numbers = new TreeMap<>(defaults);
        for (var rest = new ArrayDeque<>(List.of(arguments)); !rest.isEmpty();) {
            var option = rest.remove();
            var name = option.replaceFirst("^--", "");
            var value = rest.poll();
            if (!option.startsWith("--") || value == null) {
                throw misused(program, defaults, option + (value == null ? " has no value" : " is no option"));
            }
            switch (name) {
                case "model" -> model = Path.of(value);
                case "device" -> device = BenchmarkDevice.of(value);
                case "dtype" -> precision = Arrays.stream(Precision.values()).filter(known -> known.toString().equals(value)).findFirst()
                        .orElseThrow(() -> misused(program, defaults, "--dtype is " + value));
                default -> {
                    if (!numbers.containsKey(name) || !value.matches("[1-9][0-9]{0,6}")) {
                        throw misused(program, defaults, option + " " + value + " is not known");
                    }
                    numbers.put(name, Integer.valueOf(value));
                }
            }
        }
        return new CheckOptions(model != null ? model : DemoModel.folder(), device, precision, numbers);
    }

    private static IllegalArgumentException misused(String program, Map<String, Integer> defaults, String what) {
        return new IllegalArgumentException(program + ": " + what + "; usage: " + program + " [--model DIR] [--device NAME] [--dtype f32|bf16]"
                + new TreeMap<>(defaults).keySet().stream().map(name -> " [--" + name + " N]").collect(Collectors.joining()));
    }

    /** The number of this name, 1 or more. */
    int number(String name) {
        return numbers.get(name);
    }
}
