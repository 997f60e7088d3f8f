package io.maskleap.benchmarks.run;

import io.maskleap.benchmarks.libtorch.Blas;
import io.maskleap.benchmarks.row.Row;
import io.maskleap.kernel.Dtype;
import io.maskleap.weights.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Tries libtorch's ways and BLAS libraries, so that only the best are timed in full. */
final class Trials {
    private final List<Row> rows;
    private final List<Dtype> dtypes;
    private final int threads;
    private final List<Blas> libraries;
    private final Consumer<String> progress;
    private final Consumer<String> failures;
    private final List<Trial> trials = new ArrayList<>();

    /**
     * @param progress is told what was tried
     * @param failures is told what cannot be
     */
    Trials(RunSelection choice, Consumer<String> progress, Consumer<String> failures) {
        rows = choice.rows();
        dtypes = choice.dtypes();
        threads = choice.threads();
        libraries = choice.peers();
        this.progress = progress;
        this.failures = failures;
    }

    List<Trial> run() {
        for (var blas : libraries) {
            run(blas);
        }
        return trials;
    }

    private void run(Blas blas) {
        var arguments = new ArrayList<>(List.of(blas.name(), Integer.toString(threads)));
        for (var row : rows) {
            if (row.peer().isPresent() && (blas == libraries.getFirst() || row.peer().get().dependsOnBlas())) {
                dtypes.forEach(dtype -> arguments.addAll(List.of(row.name(), dtype.name())));
            }
        }
        if (arguments.size() == 2) {
            return;
        }
        try {
            var process = new ProcessBuilder(Children.command(TrialProgram.class, arguments)).redirectError(ProcessBuilder.Redirect.INHERIT).start();
            try (var output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
                output.lines().filter(line -> line.startsWith(TrialProgram.MARK)).forEach(line -> read(blas, line.substring(TrialProgram.MARK.length())));
            }
            int status = process.waitFor();
            if (status != 0) {
                failures.accept("libtorch with " + blas + ": its process ended with " + status);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private void read(Blas blas, String text) {
        var json = Json.parseObject("trial", text);
        var dtype = Dtype.valueOf(json.getString("dtype"));
        if (json.has("failure")) {
            failures.accept("%s %s by libtorch, %s: %s".formatted(json.getString("row"), DtypeNames.of(dtype),
                    Trial.setting(json.getString("row"), blas, json.getString("way")), json.getString("failure")));
        } else {
            var trial = new Trial(json.getString("row"), dtype, blas, json.getString("way"), json.getDouble("microseconds"));
            trials.add(trial);
            progress.accept("    %s %s, %s: %.2f ms".formatted(trial.row(), DtypeNames.of(dtype), trial.setting(), trial.microseconds() / 1e3));
        }
    }
}
