package io.maskleap.benchmarks.report;

import io.maskleap.weights.Json;
import io.maskleap.weights.JsonObject;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What one run of the benchmarks has found.
 *
 * @param facts    hardware, software, commit, date, settings: strings, by name
 * @param ceilings what bounds rows on this machine: matrix products and copies
 * @param lines    measurements
 * @param heap     bytes of Java's heap that a step takes, by what step it is
 * @param trials   what was tried of libtorch before its best was timed: microseconds, by row, dtype and setting
 * @param failures what was not measured, and why
 */
public record Report(Map<String, String> facts, List<Line> ceilings, List<Line> lines, Map<String, Double> heap, Map<String, Double> trials,
        List<String> failures) {

    public Report {
        facts = new LinkedHashMap<>(facts);
        ceilings = List.copyOf(ceilings);
        lines = List.copyOf(lines);
        heap = new LinkedHashMap<>(heap);
        trials = new LinkedHashMap<>(trials);
        failures = List.copyOf(failures);
    }

    /** The lines, each compared with the ceilings and with libtorch's best in the same row and dtype. */
    public static List<Line> compare(List<Line> lines, Ceiling ceiling) {
        var best = new TreeMap<String, Double>();
        for (var line : lines) {
            if (line.by().equals(Line.LIBTORCH)) {
                best.merge(line.row() + line.dtype(), line.times().median(), Math::min);
            }
        }
        return lines.stream().map(line -> {
            var peer = best.get(line.row() + line.dtype());
            boolean isPeer = line.by().equals(Line.LIBTORCH);
            return line.compared(ceiling.least(line.work(), line.dtype()),
                    peer == null || isPeer ? OptionalDouble.empty() : OptionalDouble.of(peer / line.times().median()));
        }).toList();
    }

    /** The best line of libtorch in a row, or of another library. */
    public Stream<Line> of(String row, String dtype, String by) {
        return lines.stream().filter(line -> line.row().equals(row) && line.dtype().equals(dtype) && line.by().equals(by))
                .sorted((a, b) -> Double.compare(a.times().median(), b.times().median()));
    }

    /** Writes it as JSON. */
    public void write(Path file) {
        Json.write(file, toJson());
    }

    Map<String, Object> toJson() {
        var json = new LinkedHashMap<String, Object>();
        json.put("about", facts);
        json.put("ceilings", ceilings.stream().map(Line::toJson).toList());
        json.put("rows", lines.stream().map(Line::toJson).toList());
        json.put("heap_bytes_per_step", rounded(heap));
        json.put("libtorch_trials_us", rounded(trials));
        json.put("failures", failures);
        return json;
    }

    private static Map<String, Object> rounded(Map<String, Double> values) {
        var rounded = new LinkedHashMap<String, Object>();
        values.forEach((name, value) -> rounded.put(name, Numbers.significant(value)));
        return rounded;
    }

    /** Reads what {@link #write} wrote. */
    public static Report read(Path file) {
        return fromJson(Json.read(file));
    }

    static Report fromJson(JsonObject json) {
        var about = json.getObject("about");
        var facts = new LinkedHashMap<String, String>();
        about.keys().forEach(key -> facts.put(key, about.getString(key)));
        return new Report(facts, lines(json, "ceilings"), lines(json, "rows"), doubles(json.getObject("heap_bytes_per_step")),
                doubles(json.getObject("libtorch_trials_us")), json.getStrings("failures"));
    }

    private static Map<String, Double> doubles(JsonObject json) {
        var values = new LinkedHashMap<String, Double>();
        json.keys().forEach(key -> values.put(key, json.getDouble(key)));
        return values;
    }

    private static List<Line> lines(JsonObject json, String key) {
        return json.getObjects(key).stream().map(Line::fromJson).toList();
    }
}
