package io.maskleap.benchmarks.report;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.DoubleFunction;
import java.util.stream.IntStream;

/** A report as a table for a terminal. */
public final class TextTable {
    private static final List<String> HEADER =
            List.of("row", "dtype", "threads", "by", "instruction set", "median", "rate", "of peak", "libtorch takes");

    private TextTable() {
    }

    /** Several lines, each with its end. */
    public static String of(Report report) {
        var text = new StringBuilder();
        if (!report.ceilings().isEmpty()) {
            text.append("Ceilings of this machine\n").append(table(report.ceilings())).append('\n');
        }
        text.append(table(report.lines()));
        report.heap().forEach((step, bytes) -> text.append("\nJava heap, ").append(step).append(": ").append(Numbers.threeDigits(bytes)).append(" bytes a step"));
        report.failures().forEach(failure -> text.append("\nFAILED ").append(failure));
        return text.toString().stripTrailing() + "\n";
    }

    private static String table(List<Line> lines) {
        var rows = new ArrayList<List<String>>();
        rows.add(HEADER);
        String above = "";
        for (var line : lines) {
            var key = line.row() + line.dtype();
            boolean repeats = key.equals(above);
            above = key;
            rows.add(List.of(repeats ? "" : line.row(), repeats ? "" : line.dtype(), Integer.toString(line.threads()),
                    line.by() + (line.setting().isEmpty() ? "" : ": " + line.setting()), line.instructionSet(), Numbers.time(line.times().median()),
                    Numbers.threeDigits(line.rate()) + " " + line.unit(), orEmpty(line.ofPeak(), Numbers::percent), orEmpty(line.ratio(), Numbers::factor)));
        }
        return aligned(rows);
    }

    static String orEmpty(OptionalDouble value, DoubleFunction<String> words) {
        return value.isPresent() ? words.apply(value.getAsDouble()) : "";
    }

    private static String aligned(List<List<String>> rows) {
        int[] widths = IntStream.range(0, HEADER.size()).map(column -> rows.stream().mapToInt(row -> row.get(column).length()).max().orElseThrow()).toArray();
        var text = new StringBuilder();
        for (var row : rows) {
            var line = new StringBuilder();
            for (int column = 0; column < widths.length; column++) {
                line.append(row.get(column)).repeat(' ', widths[column] - row.get(column).length() + 2);
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }
}
