package io.maskleap.benchmarks.run;

import io.maskleap.benchmarks.report.Ceiling;
import io.maskleap.benchmarks.report.Line;
import io.maskleap.benchmarks.report.Report;
import io.maskleap.benchmarks.report.TimeStatistics;
import io.maskleap.benchmarks.row.Ceilings;
import io.maskleap.benchmarks.row.Row;
import io.maskleap.benchmarks.row.Rows;
import io.maskleap.benchmarks.subject.Library;
import io.maskleap.kernel.Dtype;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** One run: ceilings, libtorch's ways, then every row by every library in turn. */
final class Bench {
    /** In what our library says of itself, what stands before its vectors; in what libtorch's process says, before its threads. */
    private static final Pattern INSTRUCTION_SET = Pattern.compile("(?:^|, )([^,()]+?)(?: \\([^)]*\\), OpenMP.*|, \\d+ threads?)$");

    private final RunSelection choice;
    private final JmhRun jmh;
    private final Consumer<String> progress;
    private final List<String> failures = new ArrayList<>();
    private final Map<String, String> libraries = new LinkedHashMap<>();

    /**
     * @param scratch  folder for what the processes leave
     * @param progress is told what is measured next
     */
    Bench(RunSelection choice, Path scratch, Consumer<String> progress) {
        this.choice = choice;
        this.progress = progress;
        jmh = new JmhRun(scratch, choice.threads(), choice.quick());
    }

    /** A library on a row: how it is measured, and how it is called. */
    private record Contender(String by, String setting, Supplier<JmhRun.Found> run) {
    }

    /** Measures everything; what fails is told in the report and leaves the rest be. */
    Report run(Map<String, String> facts) {
        var ceilings = ceilings();
        var trials = choice.peers().isEmpty() ? List.<Trial>of() : trials();
        var lines = new ArrayList<Line>();
        for (var row : choice.rows()) {
            for (var dtype : choice.dtypes()) {
                lines.addAll(measure(row, dtype, contenders(row, dtype, trials)));
            }
        }
        lines.addAll(Composition.images(lines));
        var tried = new LinkedHashMap<String, Double>();
        trials.forEach(trial -> tried.put(trial.row() + " " + DtypeNames.of(trial.dtype()) + ": " + trial.setting(), trial.microseconds()));
        var all = new LinkedHashMap<>(facts);
        libraries.forEach((by, description) -> all.put("library " + by, description));
        return new Report(all, ceilings, Report.compare(lines, new Ceiling(ceilings)), heap(), tried, failures);
    }

    private List<Line> ceilings() {
        var lines = new ArrayList<Line>();
        var copies = choice.rows().stream().flatMap(row -> choice.dtypes().stream().map(dtype -> row.work().apply(dtype).bytes()))
                .filter(bytes -> bytes > 0).sorted().map(Ceilings::copy).toList();
        var named = new LinkedHashMap<String, Row>();
        copies.forEach(copy -> named.putIfAbsent(copy.name(), copy));
        for (var product : Ceilings.products()) {
            choice.dtypes().forEach(dtype -> lines.addAll(measure(product, dtype, List.of(ours(product, dtype, Library.BUILT_IN, "oneDNN")))));
        }
        for (var copy : named.values()) {
            lines.addAll(measure(copy, Dtype.F32, List.of(ours(copy, Dtype.F32, Library.BUILT_IN, "memcpy"))));
        }
        // Neither oneDNN nor the C library tells its instruction set; what the process tells is our kernels'.
        return lines.stream().map(line -> line.withInstructionSet("")).toList();
    }

    private List<Trial> trials() {
        progress.accept("libtorch: which of its ways is the best for each row");
        return new Trials(choice, progress, failures::add).run();
    }

    private List<Contender> contenders(Row row, Dtype dtype, List<Trial> trials) {
        var ours = choice.libraries().stream().map(library -> ours(row, dtype, library, Library.of(library).name()));
        var peers = Trial.best(trials, row.name(), dtype).stream()
                .map(trial -> new Contender(Line.LIBTORCH, trial.setting(), () -> jmh.libtorch(row, dtype, trial.blas(), trial.way())));
        return Stream.concat(ours, peers).toList();
    }

    private Contender ours(Row row, Dtype dtype, String library, String by) {
        return new Contender(by, "", () -> jmh.maskleap(row, dtype, library));
    }

    /** In rounds, so that what slows the machine for a while does not meet one of them only. */
    private List<Line> measure(Row row, Dtype dtype, List<Contender> contenders) {
        var found = new LinkedHashMap<Contender, List<JmhRun.Found>>();
        for (int round = 0; round < choice.rounds(); round++) {
            for (var contender : contenders) {
                var name = row.name() + " " + DtypeNames.of(dtype) + " by " + contender.by + (contender.setting.isEmpty() ? "" : ", " + contender.setting);
                progress.accept(name);
                try {
                    var each = contender.run.get();
                    progress.accept("    " + each.times());
                    found.computeIfAbsent(contender, _ -> new ArrayList<>()).add(each);
                } catch (IllegalStateException e) {
                    progress.accept("    failed: " + e.getMessage());
                    failures.add(name + ": " + e.getMessage());
                }
            }
        }
        return contenders.stream().filter(contender -> !found.getOrDefault(contender, List.of()).isEmpty())
                .map(contender -> line(row, dtype, contender, found.get(contender))).toList();
    }

    private Line line(Row row, Dtype dtype, Contender contender, List<JmhRun.Found> rounds) {
        var times = TimeStatistics.middle(rounds.stream().map(JmhRun.Found::times).toList());
        libraries.putIfAbsent(contender.by, rounds.getFirst().library());
        double error = rounds.stream().mapToDouble(JmhRun.Found::error).max().orElseThrow();
        return new Line(row.name(), DtypeNames.of(dtype), choice.threads(), contender.by, contender.setting, instructionSet(rounds.getFirst().library()), times,
                row.work().apply(dtype), error, OptionalDouble.empty(), OptionalDouble.empty());
    }

    static String instructionSet(String library) {
        var matcher = INSTRUCTION_SET.matcher(library);
        return matcher.find() ? matcher.group(1) : "";
    }

    private Map<String, Double> heap() {
        var bytes = new LinkedHashMap<String, Double>();
        if (choice.rows().stream().noneMatch(row -> row.name().contains(" step "))) {
            return bytes;
        }
        for (var step : Rows.tinySteps()) {
            for (var dtype : choice.dtypes()) {
                var name = step.name().replaceAll(" step .*", " step ") + DtypeNames.of(dtype);
                progress.accept("Java heap of a " + name);
                try {
                    bytes.put(name, jmh.heap(step.name(), dtype));
                } catch (IllegalStateException e) {
                    failures.add("Java heap of a " + name + ": " + e.getMessage());
                }
            }
        }
        return bytes;
    }
}
