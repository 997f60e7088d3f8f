package io.maskleap.benchmarks;

import io.maskleap.Model;
import io.maskleap.QueueTimes;
import io.maskleap.Request;
import io.maskleap.Session;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;

/**
 * Milliseconds of whole generations with guidance, and what follows for their parts. What takes N steps is timed in turn with what takes
 * half of them, or fewer of one kind: the difference is that of the steps, and free of what comes before and after them.
 *
 * <p>Rows: {@code full_step} and {@code shortcut_step} of one image, {@code generation}: 32 steps of one image, 12 of them full, decoded;
 * {@code decode} of one image; {@code generation_batch}: the same steps for a whole batch, not decoded. Where steps are queued for a GPU also
 * {@code host_step}: the mean time that the host took to queue a step; {@code gpu_idle}: all of it, as a part of a generation. The GPU waits for the
 * host between steps for no longer, because it has work whenever the host waits.
 */
final class Timetable {
    private static final int STEPS = 32;
    private static final int BUDGET = 12;
    private static final int WARM_UP = 3;
    private static final int LABEL = 3;
    private static final double GUIDANCE = 2.8;

    private final Model model;
    private final Consumer<Map<String, Object>> line;

    private Timetable(Model model, Consumer<Map<String, Object>> line) {
        this.model = model;
        this.line = line;
    }

    /**
     * Arguments as of {@link CheckOptions#of}; {@code --samples N} of each difference, {@code --batch N} images at once,
     * {@code --batch-samples N}.
     */
    public static void main(String[] arguments) {
        System.exit(Check.run("Timetable", Map.of("samples", 15, "batch", 64, "batch-samples", 3), Timetable::run, arguments));
    }

    static Check.Verdict run(Model model, CheckOptions options, Consumer<Map<String, Object>> line) {
        var table = new Timetable(model, line);
        int samples = options.number("samples");
        double generation;
        try (var session = model.newSession()) {
            var one = Request.ofClass(LABEL).seed(7).guidance(GUIDANCE);
            var whole = one.steps(STEPS).budget(BUDGET);
            table.row("full_step", 1, samples, STEPS / 2.0, timed(session, one.steps(STEPS).fullStepsOnly()),
                    timed(session, one.steps(STEPS / 2).fullStepsOnly()));
            table.row("shortcut_step", 1, samples, STEPS / 2.0, timed(session, whole), timed(session, whole.steps(STEPS / 2)));
            var before = session.queueTimes();
            generation = table.row("generation", 1, samples, 1, timed(session, whole), () -> 0);
            table.hostStep(before, session.queueTimes(), generation);
            var half = timed(session, whole.steps(STEPS / 2).budget(BUDGET / 2));
            table.row("decode", 1, samples, 1, () -> 2 * half.getAsDouble(), timed(session, whole));
        }
        int batch = options.number("batch");
        try (var session = model.newSession(batch)) {
            var whole = Request.ofClass(LABEL).seed(7).guidance(GUIDANCE).count(batch).steps(STEPS).budget(BUDGET);
            table.row("generation_batch", batch, options.number("batch-samples"), 0.5, timed(session, whole),
                    timed(session, whole.steps(STEPS / 2).budget(BUDGET / 2)));
        }
        return new Check.Verdict(true, "%s, %s: one image of %d steps, %d of them full, in %.4g ms".formatted(model.info().name(),
                model.deviceDescription(), STEPS, BUDGET, generation));
    }

    private static DoubleSupplier timed(Session session, Request request) {
        return () -> {
            long start = System.nanoTime();
            session.generate(request);
            return (System.nanoTime() - start) / 1e6;
        };
    }

    /** Prints the median of (more - less) / parts, and gives it. */
    private double row(String name, int images, int samples, double parts, DoubleSupplier more, DoubleSupplier less) {
        var milliseconds = new double[samples];
        for (int i = -Math.min(WARM_UP, samples - 1); i < samples; i++) { // a single sample is for a rehearsal
            double difference = more.getAsDouble() - less.getAsDouble();
            if (i >= 0) {
                milliseconds[i] = difference / parts;
            }
        }
        Arrays.sort(milliseconds);
        var row = new LinkedHashMap<String, Object>();
        row.put("row", name);
        row.put("dtype", model.precision().toString());
        row.put("images", images);
        row.put("median_ms", median(milliseconds));
        row.put("least_ms", milliseconds[0]);
        row.put("p90_ms", milliseconds[samples * 9 / 10]);
        row.put("samples", samples);
        line.accept(row);
        return median(milliseconds);
    }

    /** The host's time for a step of the generations between two readings; nothing where steps are not queued. */
    private void hostStep(QueueTimes before, QueueTimes after, double generation) {
        long steps = after.steps() - before.steps();
        if (steps > 0) {
            double milliseconds = after.host().minus(before.host()).toNanos() / 1e6 / steps;
            line.accept(Map.of("row", "host_step", "dtype", model.precision().toString(), "images", 1, "samples", steps, "median_ms", milliseconds,
                    "waited_ms", after.waited().minus(before.waited()).toNanos() / 1e6 / steps));
            line.accept(Map.of("row", "gpu_idle", "dtype", model.precision().toString(), "share", STEPS * milliseconds / generation));
        }
    }

    /** @param sorted at least one */
    static double median(double[] sorted) {
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
