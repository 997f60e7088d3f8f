package io.maskleap.benchmarks;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Bidirectional attention in float32: one call of the kernel, through FFM, on data that lies ready. What is timed is the
 * call alone; the result is compared with a double-precision reference before anything is timed.
 *
 * <p>A shape is sequences x heads x tokens x head_dim; a call does 4 * sequences * heads * tokens^2 * head_dim floating-point operations.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@State(Scope.Benchmark)
public class AttentionBenchmark {
    /** MaskGIT-512's base and shortcut with guidance, and the demo model's base. */
    @Param({"2x16x1025x48", "2x16x1025x24", "2x6x257x32"})
    public String shape;

    @Param("2")
    public int threads;

    private AttentionCase attention;

    @Setup
    public void setUp() {
        attention = AttentionCase.parse(shape, threads);
        attention.run();
        attention.verify();
    }

    @Benchmark
    public void maskleap() {
        attention.run();
    }

    @TearDown
    public void tearDown() {
        attention.close();
    }
}
