package io.maskleap.benchmarks.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/**
 * A report as an image (SVG): for each row and dtype a bar that shows, on a logarithmic scale, how often our time fits into libtorch's, to the
 * right where we are faster, to the left where we are slower.
 */
public final class Plot {
    private static final int WIDTH = 920;
    private static final int LABELS = 270;
    private static final int NOTES = 190;
    private static final int TOP = 86;
    private static final int BAR = 14;
    private static final int ROW_GAP = 10;
    private static final int BOTTOM = 40;
    private static final int LEAST_BAR_WITH_WORDS = 44;
    private static final double LOG2 = Math.log(2);

    /** A dtype, in the words of its legend, and the colour of its bars. */
    private record Series(String dtype, String words, String colour) {
    }

    private static final List<Series> SERIES = List.of(new Series("f32", "float32", "#2f6fb0"), new Series("bf16", "bfloat16", "#e08a2c"));

    private final Report report;
    private final StringBuilder svg = new StringBuilder();
    private final List<String> rows;
    private final int leastPower;
    private final int mostPower;

    private Plot(Report report) {
        this.report = report;
        rows = report.lines().stream().filter(line -> line.ratio().isPresent()).map(Line::row).distinct().toList();
        var ratios = report.lines().stream().map(Line::ratio).filter(OptionalDouble::isPresent).mapToDouble(OptionalDouble::getAsDouble).summaryStatistics();
        leastPower = Math.min(-1, (int) Math.floor(Math.log(Math.max(ratios.getMin(), 1e-3)) / LOG2));
        mostPower = Math.max(1, (int) Math.ceil(Math.log(Math.max(ratios.getMax(), 1)) / LOG2));
    }

    /** @throws IllegalArgumentException where no line of the report was compared with libtorch */
    public static String svg(Report report) {
        var plot = new Plot(report);
        if (plot.rows.isEmpty()) {
            throw new IllegalArgumentException("the report compares nothing with libtorch; measure without --no-peers");
        }
        return plot.draw();
    }

    private String draw() {
        var bars = new ArrayList<Runnable>();
        int y = TOP;
        for (var row : rows) {
            int first = y;
            for (var series : SERIES) {
                var line = report.of(row, series.dtype, Line.MASKLEAP).filter(each -> each.ratio().isPresent()).findFirst();
                if (line.isPresent()) {
                    int at = y;
                    bars.add(() -> bar(line.get(), series, at));
                    y += BAR;
                }
            }
            int middle = (first + y) / 2;
            bars.add(() -> text(LABELS - 10, middle + 4, "end", "", row));
            y += ROW_GAP;
        }
        int height = y + BOTTOM;
        svg.append("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"").append(WIDTH).append("\" height=\"").append(height).append("\" viewBox=\"0 0 ").append(WIDTH).append(' ')
                .append(height).append("\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"12\" fill=\"#333\">\n");
        svg.append("<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
        text(16, 24, "start", " font-size=\"16\" font-weight=\"bold\"", "How often Maskleap's time fits into that of libtorch's best way");
        text(16, 44, "start", " fill=\"#777\"", report.facts().get("hardware") + "; " + report.facts().get("threads") + " threads; commit " + report.facts().get("commit"));
        legend();
        axis(y);
        bars.forEach(Runnable::run);
        return svg.append("</svg>\n").toString();
    }

    private void legend() {
        int x = LABELS;
        for (var series : SERIES) {
            rect(x, 55, 12, 12, series.colour);
            text(x + 17, 65, "start", "", series.words);
            x += 90;
        }
        text(WIDTH - NOTES + 12, 65, "start", " fill=\"#777\"", "time, part of the peak");
    }

    private void axis(int bottom) {
        for (int power = leastPower; power <= mostPower; power++) {
            double x = x(Math.pow(2, power));
            svg.append(String.format(Locale.ROOT, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"%s\"/>\n", x, TOP - 8, x, bottom, power == 0 ? "#333" : "#ddd"));
            text(x, bottom + 18, "middle", power == 0 ? " font-weight=\"bold\"" : "", power < 0 ? "1/" + (1 << -power) : (1 << power) + "x");
        }
    }

    private void bar(Line line, Series series, int y) {
        double ratio = line.ratio().orElseThrow();
        double from = Math.min(x(1), x(ratio));
        double to = Math.max(x(1), x(ratio));
        rect(from, y + 1, Math.max(1, to - from), BAR - 2, series.colour);
        if (to - from > LEAST_BAR_WITH_WORDS) {
            text(ratio >= 1 ? to - 4 : from + 4, y + BAR - 3, ratio >= 1 ? "end" : "start", " font-size=\"11\" fill=\"#fff\"", Numbers.factor(ratio));
        } else {
            text((ratio >= 1 ? to : x(1)) + 4, y + BAR - 3, "start", " font-size=\"11\"", Numbers.factor(ratio));
        }
        text(WIDTH - NOTES + 12, y + BAR - 3, "start", " font-size=\"11\" fill=\"" + series.colour + "\"",
                Numbers.time(line.times().median()) + (line.ofPeak().isPresent() ? ", " + Numbers.percent(line.ofPeak().getAsDouble()) : ""));
    }

    private double x(double ratio) {
        double room = WIDTH - LABELS - NOTES;
        return LABELS + room * (Math.log(ratio) / LOG2 - leastPower) / (mostPower - leastPower);
    }

    private void rect(double x, double y, double width, double height, String colour) {
        svg.append(String.format(Locale.ROOT, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n", x, y, width, height, colour));
    }

    private void text(double x, double y, String anchor, String attributes, String words) {
        var escaped = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
        svg.append(String.format(Locale.ROOT, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s>%s</text>\n", x, y, anchor, attributes, escaped));
    }
}
