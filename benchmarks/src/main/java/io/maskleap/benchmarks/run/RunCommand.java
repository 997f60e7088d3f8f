package io.maskleap.benchmarks.run;

import io.maskleap.benchmarks.libtorch.Blas;
import io.maskleap.benchmarks.libtorch.Libtorch;
import io.maskleap.benchmarks.report.Machine;
import io.maskleap.benchmarks.report.TextTable;
import io.maskleap.benchmarks.row.Row;
import io.maskleap.benchmarks.row.Rows;
import io.maskleap.benchmarks.subject.Library;
import io.maskleap.kernel.Dtype;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code bench run}: measures, prints a table, writes JSON. */
@Command(name = "run", description = "Measures rows, prints a table and, if asked, writes it as JSON. Each result is verified before it is timed.")
final class RunCommand implements Callable<Integer> {
    /** The system property that names the folder of the sources, whose commit is noted. */
    static final String ROOT_PROPERTY = "maskleap.benchmarks.root";

    @Parameters(arity = "0..*", paramLabel = "TEXT", description = "Only rows whose name contains one of these; 'bench list' shows them.")
    private List<String> texts = List.of();

    @Option(names = "--dtype", split = ",", paramLabel = "f32|bf16", description = "Only these (default: both).")
    private List<String> dtypes = List.of();

    @Option(names = "--threads", paramLabel = "N", description = "Threads on both sides (default: one for each core).")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--library", paramLabel = "FILE|ISA", description = "Also measure this library that implements maskleap.h, or the built-in one for another "
            + "instruction set, such as x86-64-v3; may be repeated.")
    private List<String> libraries = List.of();

    @Option(names = "--no-peers", description = "Do not measure libtorch.")
    private boolean withoutPeers;

    @Option(names = "--blas", split = ",", paramLabel = "MKL|OPENBLAS", description = "Try libtorch with this one only (default: with both; OpenBLAS suffers most "
            + "where the machine has other work too).")
    private List<Blas> blas = Arrays.asList(Blas.values());

    @Option(names = "--rounds", paramLabel = "N", description = "Measure everything N times in turn and take the middle one (default: 1).")
    private int rounds = 1;

    @Option(names = "--quick", description = "A rehearsal: everything runs, and no time means anything.")
    private boolean quick;

    @Option(names = "--json", paramLabel = "FILE", description = "Write all that was found, with hardware, commit and settings.")
    private Path json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        var choice = choice();
        var out = spec.commandLine().getOut();
        var err = spec.commandLine().getErr();
        long start = System.nanoTime();
        var scratch = Files.createTempDirectory("maskleap-bench");
        try {
            var report = new Bench(choice, scratch, progress -> {
                err.println("bench: " + progress);
                err.flush();
            }).run(facts(choice));
            if (json != null) {
                report.write(json);
            }
            out.print(TextTable.of(report));
            var took = Duration.ofNanos(System.nanoTime() - start);
            out.printf("%s, %s%nMedians of one run, which took %d min %d s.%n", report.facts().get("hardware"), report.facts().get("software"), took.toMinutes(),
                    took.toSecondsPart());
            out.flush();
            return report.failures().isEmpty() ? 0 : 1;
        } finally {
            remove(scratch);
        }
    }

    private RunSelection choice() {
        if (threads < 1 || rounds < 1) {
            throw new IllegalArgumentException("--threads is " + threads + " and --rounds " + rounds + ", wanted at least 1");
        }
        var rows = Rows.all().stream().filter(row -> texts.isEmpty() || texts.stream().anyMatch(row.name()::contains)).toList();
        if (rows.isEmpty()) {
            throw new IllegalArgumentException("no row's name contains " + String.join(" or ", texts) + "; 'bench list' shows them");
        }
        if (!withoutPeers && !Libtorch.isPresent()) {
            throw new IllegalArgumentException("there is no libtorch for this platform; add --no-peers");
        }
        libraries.forEach(Library::of);
        var all = new ArrayList<>(List.of(Library.BUILT_IN));
        all.addAll(libraries);
        return new RunSelection(rows, dtypes.isEmpty() ? Arrays.asList(Dtype.values()) : dtypes.stream().map(DtypeNames::dtype).toList(), threads, all,
                withoutPeers ? List.of() : blas, rounds, quick);
    }

    private Map<String, String> facts(RunSelection choice) {
        var facts = new LinkedHashMap<String, String>();
        facts.put("date", LocalDate.now().toString());
        facts.put("commit", Machine.commit(Path.of(System.getProperty(ROOT_PROPERTY, "."))));
        facts.put("hardware", Machine.hardware());
        facts.put("software", Machine.software());
        facts.put("threads", Integer.toString(threads));
        facts.put("settings", "rounds " + rounds + "; " + Arrays.stream(Row.Pace.values()).map(pace -> pace.name().toLowerCase(Locale.ROOT) + " rows "
                + pace.warmups() + " + " + pace.measurements() + " iterations of " + pace.seconds() + " s").toList() + (quick ? "; quick: a rehearsal" : ""));
        facts.put("command", "bench " + String.join(" ", spec.commandLine().getParent().getParseResult().originalArgs()));
        return facts;
    }

    private static void remove(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
