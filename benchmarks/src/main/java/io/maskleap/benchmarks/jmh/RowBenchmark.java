package io.maskleap.benchmarks.jmh;

import io.maskleap.benchmarks.row.Row;
import io.maskleap.benchmarks.row.Rows;
import io.maskleap.benchmarks.subject.Facts;
import io.maskleap.benchmarks.subject.Subject;
import io.maskleap.kernel.Dtype;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** One row by one library, in a process of its own: the result is verified, then the computation is timed, call by call. */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 400, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 400, timeUnit = TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@State(Scope.Benchmark)
public abstract class RowBenchmark {
    /** A row's name: {@code bench list} shows them. */
    @Param("attention 2x16x1025x48")
    public String row;

    /** F32 or BF16. */
    @Param("F32")
    public Dtype dtype;

    /** Threads of either library. */
    @Param("2")
    public int threads;

    private Subject subject;

    /** What is to be measured of the row. */
    abstract Subject open(Row of);

    /** Verifies. */
    @Setup(Level.Trial)
    public void setUp() {
        subject = open(Rows.named(row));
        Facts.put("error", subject.verify());
    }

    /** What is timed. */
    @Benchmark
    public void run() {
        subject.run();
    }

    @TearDown(Level.Trial)
    public void tearDown() {
        subject.close();
    }
}
