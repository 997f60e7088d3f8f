package io.maskleap.benchmarks.report;

import java.util.List;
import java.util.stream.Collectors;

/** A part of a report as a table in Markdown: our time, the part of the peak that it reaches, and how often it fits into libtorch's. */
public final class MarkdownTable {
    private static final List<String> DTYPES = List.of("f32", "bf16");

    private MarkdownTable() {
    }

    /**
     * The rows whose name contains one of {@code texts}, or all where there are none, and a sentence about where they come from.
     *
     * @param link to the report, as the document that holds the table names it
     */
    public static String of(Report report, List<String> texts, String link) {
        var dtypes = DTYPES.stream().filter(dtype -> report.lines().stream().anyMatch(line -> line.dtype().equals(dtype))).toList();
        var names = report.lines().stream().map(Line::row).distinct().filter(row -> texts.isEmpty() || texts.stream().anyMatch(row::contains)).toList();
        var text = new StringBuilder("| ").append(dtypes.stream().map(dtype -> "| " + dtype + " | of peak | libtorch takes ").collect(Collectors.joining())).append("|\n|---|")
                .repeat("---|", 3 * dtypes.size()).append('\n');
        for (var name : names) {
            text.append("| ").append(name).append(' ');
            for (var dtype : dtypes) {
                text.append(report.of(name, dtype, Line.MASKLEAP).findFirst().map(MarkdownTable::cells).orElse("| | | "));
            }
            text.append("|\n");
        }
        return text + "\n" + origin(report, link) + "\n";
    }

    private static String cells(Line line) {
        return "| " + Numbers.time(line.times().median()) + " | " + TextTable.orEmpty(line.ofPeak(), Numbers::percent) + " | "
                + TextTable.orEmpty(line.ratio(), Numbers::factor) + " ";
    }

    private static String origin(Report report, String link) {
        var facts = report.facts();
        return "Medians on " + facts.get("threads") + " threads of " + facts.get("hardware") + ", commit " + facts.get("commit") + ": [record](" + link + ").";
    }
}
