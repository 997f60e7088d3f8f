package io.maskleap.benchmarks.run;

import io.maskleap.benchmarks.jmh.LibtorchBenchmark;
import io.maskleap.benchmarks.jmh.MaskleapBenchmark;
import io.maskleap.benchmarks.libtorch.Blas;
import io.maskleap.benchmarks.report.TimeStatistics;
import io.maskleap.benchmarks.row.Row;
import io.maskleap.benchmarks.subject.Facts;
import io.maskleap.benchmarks.subject.Library;
import io.maskleap.benchmarks.subject.Reference;
import io.maskleap.kernel.Dtype;
import io.maskleap.weights.Json;
import io.maskleap.weights.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs of JMH, each of one row by one library in a process of its own. */
final class JmhRun {
    private static final String ALLOCATED = "gc.alloc.rate.norm";

    /** A step takes the same with any number; a team of threads that wait for a core makes tiny steps few. */
    private static final int HEAP_THREADS = 1;
    private static final int HEAP_WARMUP_SECONDS = 2;
    private static final int HEAP_SECONDS = 10;

    private static final double LEAST_PERCENT = 0;
    private static final double MEDIAN_PERCENT = 50;
    private static final double P90_PERCENT = 90;

    private final Path scratch;
    private final int threads;
    private final boolean quick;

    /**
     * @param scratch folder for what the processes leave
     * @param quick   whether it is a rehearsal: everything runs, and no time means anything
     */
    JmhRun(Path scratch, int threads, boolean quick) {
        this.scratch = scratch;
        this.threads = threads;
        this.quick = quick;
    }

    /**
     * What a run has found.
     *
     * @param library what the library says of itself
     * @param error   the largest of its result
     */
    record Found(TimeStatistics times, String library, double error) {
    }

    /** Our runtime with the library that {@code library} names. */
    Found maskleap(Row row, Dtype dtype, String library) {
        return found(run(timed(row, MaskleapBenchmark.class, row.name(), dtype).param("library", library)));
    }

    /** libtorch, set up so. */
    Found libtorch(Row row, Dtype dtype, Blas blas, String way) {
        return found(run(timed(row, LibtorchBenchmark.class, row.name(), dtype).param("blas", blas.name()).param("way", way)));
    }

    /**
     * Bytes of Java's heap that each run of a row takes, as JMH's gc profiler finds. JMH takes some kilobytes for itself in each iteration, so those are
     * long; in the last it counts the subject's closing too, so the least counts.
     */
    double heap(String row, Dtype dtype) {
        var result = run(options(MaskleapBenchmark.class, row, dtype, HEAP_THREADS).param("library", Library.BUILT_IN)
                .mode(Mode.AverageTime).addProfiler(GCProfiler.class).warmupIterations(1).warmupTime(seconds(quick ? 0.1 : HEAP_WARMUP_SECONDS))
                .measurementIterations(2).measurementTime(seconds(quick ? 0.1 : HEAP_SECONDS)));
        return result.getSecondaryResults().get(ALLOCATED).getStatistics().getMin();
    }

    private ChainedOptionsBuilder timed(Row row, Class<?> benchmark, String name, Dtype dtype) {
        var pace = row.pace();
        var time = seconds(quick ? 0.05 : pace.seconds());
        return options(benchmark, name, dtype, threads).warmupIterations(quick ? 1 : pace.warmups()).warmupTime(time)
                .measurementIterations(quick ? 1 : pace.measurements()).measurementTime(time);
    }

    private ChainedOptionsBuilder options(Class<?> benchmark, String row, Dtype dtype, int itsThreads) {
        return new OptionsBuilder().include("\\." + benchmark.getSimpleName() + "\\.run$").param("row", row).param("dtype", dtype.name())
                .param("threads", Integer.toString(itsThreads)).verbosity(VerboseMode.SILENT).shouldFailOnError(true)
                .jvmArgsPrepend(Children.NO_WARNING, property(Facts.FILE_PROPERTY, factsFile()), property(Reference.FOLDER_PROPERTY, scratch));
    }

    private static String property(String name, Path value) {
        return "-D" + name + "=" + value;
    }

    private Path factsFile() {
        return scratch.resolve("facts.json");
    }

    private static TimeValue seconds(double seconds) {
        return new TimeValue(Math.round(seconds * 1e3), TimeUnit.MILLISECONDS);
    }

    /** @throws IllegalStateException where the row is refused, its result is wrong, or its process ends */
    private RunResult run(ChainedOptionsBuilder options) {
        try {
            Files.deleteIfExists(factsFile());
            return new Runner(options.build()).runSingle();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (RunnerException e) {
            throw new IllegalStateException(sentence(e), e);
        }
    }

    /** The first cause's: JMH wraps what a benchmark throws. */
    private static String sentence(Throwable thrown) {
        var deepest = thrown;
        while (deepest.getCause() != null || deepest.getSuppressed().length > 0) {
            deepest = deepest.getCause() != null ? deepest.getCause() : deepest.getSuppressed()[0];
        }
        var message = deepest.getMessage();
        return (message == null ? deepest.toString() : message).lines().findFirst().orElse("");
    }

    private Found found(RunResult result) {
        var statistics = result.getPrimaryResult().getStatistics();
        var times = new TimeStatistics(statistics.getPercentile(MEDIAN_PERCENT), statistics.getPercentile(LEAST_PERCENT), statistics.getPercentile(P90_PERCENT),
                statistics.getN());
        var facts = facts();
        return new Found(times, facts.findString("library").orElse(""), facts.findDouble("error").orElse(0));
    }

    private JsonObject facts() {
        return Json.read(factsFile());
    }
}
