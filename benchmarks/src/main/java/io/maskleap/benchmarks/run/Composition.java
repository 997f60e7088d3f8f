package io.maskleap.benchmarks.run;

import io.maskleap.benchmarks.report.Line;
import io.maskleap.benchmarks.report.TimeStatistics;
import io.maskleap.benchmarks.row.Rows;
import io.maskleap.benchmarks.subject.BenchmarkModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** An image of MaskGIT-512's size, composed of its measured steps and its decoding. */
final class Composition {
    private static final BenchmarkModel MODEL = BenchmarkModel.MASKGIT_512;

    private Composition() {
    }

    /** One line for each dtype and library whose parts were all measured, each part as this library does it best. */
    static List<Line> images(List<Line> lines) {
        var images = new ArrayList<Line>();
        for (var dtype : lines.stream().map(Line::dtype).distinct().toList()) {
            for (var by : lines.stream().map(Line::by).distinct().toList()) {
                var full = best(lines, Rows.FULL_STEP, dtype, by);
                var shortcut = best(lines, Rows.SHORTCUT_STEP, dtype, by);
                var decode = best(lines, Rows.DECODE, dtype, by);
                if (full.isPresent() && shortcut.isPresent() && decode.isPresent()) {
                    images.add(image(full.get(), shortcut.get(), decode.get()));
                }
            }
        }
        return images;
    }

    private static Optional<Line> best(List<Line> lines, String row, String dtype, String by) {
        return lines.stream().filter(line -> line.row().equals(row) && line.dtype().equals(dtype) && line.by().equals(by))
                .min((a, b) -> Double.compare(a.times().median(), b.times().median()));
    }

    private static Line image(Line full, Line shortcut, Line decode) {
        double fullSteps = MODEL.budget();
        double shortcutSteps = MODEL.steps() - fullSteps;
        var times = new TimeStatistics(fullSteps * full.times().median() + shortcutSteps * shortcut.times().median() + decode.times().median(),
                fullSteps * full.times().least() + shortcutSteps * shortcut.times().least() + decode.times().least(),
                fullSteps * full.times().p90() + shortcutSteps * shortcut.times().p90() + decode.times().p90(), 0);
        double error = Math.max(full.error(), Math.max(shortcut.error(), decode.error()));
        return new Line("image " + MODEL + " " + MODEL.steps() + "-" + MODEL.budget() + " of its steps", full.dtype(), full.threads(), full.by(), "",
                full.instructionSet(), times, decode.work().plus(full.work(), fullSteps).plus(shortcut.work(), shortcutSteps), error,
                OptionalDouble.empty(), OptionalDouble.empty());
    }
}
