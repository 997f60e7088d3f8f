package io.maskleap.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Lines in columns as wide as their contents. */
final class Table {
    private final List<String> header;
    private final List<List<String>> rows = new ArrayList<>();

    Table(String... header) {
        this.header = List.of(header);
        rows.add(this.header);
    }

    /** Adds a line: as many cells as the header has. */
    void row(Object... cells) {
        rows.add(IntStream.range(0, header.size()).mapToObj(column -> cells[column].toString()).toList());
    }

    void print(PrintWriter out) {
        int[] widths = IntStream.range(0, header.size())
                .map(column -> rows.stream().mapToInt(row -> row.get(column).length()).max().orElseThrow())
                .toArray();
        for (var row : rows) {
            var line = new StringBuilder();
            for (int column = 0; column < widths.length; column++) {
                line.append(row.get(column)).repeat(' ', widths[column] - row.get(column).length() + 2);
            }
            out.println(line.toString().stripTrailing());
        }
    }
}
