package io.maskleap.benchmarks;

import io.maskleap.Model;
import io.maskleap.NetworkProbe;
import io.maskleap.Precision;
import io.maskleap.demo.DemoModel;
import java.util.Arrays;
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

/**
 * The networks of one step of the demo model, without sampling: a conditional and an unconditional sequence, features from and to
 * Java arrays. Before anything is timed, the features are compared with float32's. The environment variable {@code MASKLEAP_ISA}
 * says which of our kernels run; oneDNN chooses its own.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 4, time = 3)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@State(Scope.Benchmark)
public class StepBenchmark {
    private static final int SEQUENCES = 2;
    private static final int NEW_TOKENS = 16;

    /** A part of the largest feature: rounding operands to bfloat16 costs about 1 %. */
    private static final double TOLERANCE = 0.03;

    @Param({"full", "shortcut"})
    public String step;

    @Param({"FLOAT32", "BFLOAT16"})
    public Precision precision;

    /** See {@link BenchmarkDevice#of}. */
    @Param("cpu:2")
    public String device;

    private Model model;
    private NetworkProbe probe;
    private int[] codes;
    private float[] feature;
    private int[] newIds;
    private boolean[] newMap;

    @Setup(Level.Trial)
    public void setUp() {
        float[] exact;
        try (var reference = Model.open(DemoModel.folder(), BenchmarkDevice.reference(BenchmarkDevice.of(device)), Precision.FLOAT32)) {
            prepare(reference);
            feature = full();
            exact = maskleap();
        }
        model = Model.open(DemoModel.folder(), BenchmarkDevice.of(device), precision);
        prepare(model);
        double error = Errors.relative(maskleap(), exact);
        System.out.printf("%s: largest error %.1e of the largest feature%n", model.deviceDescription(), error);
        if (!(error <= TOLERANCE)) {
            throw new IllegalStateException("features are off by " + error);
        }
    }

    private void prepare(Model opened) {
        probe = opened.newProbe();
        int tokens = opened.info().tokens();
        codes = new int[SEQUENCES * tokens];
        Arrays.setAll(codes, i -> i % tokens % 3 == 0 ? i % tokens * 7 % opened.info().codebook() : opened.info().codebook());
        newIds = new int[SEQUENCES * NEW_TOKENS];
        Arrays.setAll(newIds, i -> i % NEW_TOKENS);
        newMap = new boolean[SEQUENCES * (tokens + 1)];
        for (int i = 0; i < newMap.length; i++) {
            newMap[i] = i % (tokens + 1) < NEW_TOKENS;
        }
    }

    private float[] full() {
        return probe.features(codes, new int[] {3, 3}, new boolean[] {false, true});
    }

    /** @return features (2, T, C) */
    @Benchmark
    public float[] maskleap() {
        return step.equals("full") ? full() : probe.shortcut(feature, newIds, newMap, new float[] {0.5f, 0.5f});
    }

    @TearDown(Level.Trial)
    public void tearDown() {
        model.close();
    }
}
