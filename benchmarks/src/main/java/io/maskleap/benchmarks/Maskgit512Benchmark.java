package io.maskleap.benchmarks;

import io.maskleap.CancelledException;
import io.maskleap.GeneratedImage;
import io.maskleap.Model;
import io.maskleap.Precision;
import io.maskleap.Request;
import io.maskleap.Session;
import io.maskleap.StepView;
import java.util.List;
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
 * Whole generations by a model of the published MaskGIT-512's size: 32 steps, 12 of them full, guidance on. A time is that of a whole
 * batch. The weights are random (see {@link RandomModel}), so before anything is timed, the first step's features are compared with
 * those of the CPU in float32.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@State(Scope.Benchmark)
public class Maskgit512Benchmark {
    private static final int STEPS = 32;
    private static final int BUDGET = 12;

    /** Parts of the largest feature. */
    private static final double FLOAT32_TOLERANCE = 1e-4;
    private static final double BFLOAT16_TOLERANCE = 0.05;

    /** See {@link BenchmarkDevice#of}. */
    @Param("cpu")
    public String device;

    @Param({"BFLOAT16", "FLOAT32"})
    public Precision precision;

    /** Images that are painted together. */
    @Param("1")
    public int batch;

    /** 512, or small for a rehearsal. */
    @Param("512")
    public String size;

    private Model model;
    private Session session;
    private Request request;

    @Setup
    public void setUp() {
        var folder = weights().folder(precision);
        model = Model.open(folder, BenchmarkDevice.of(device));
        session = model.newSession(batch);
        request = Request.ofClass(3).seed(7).steps(STEPS).budget(BUDGET).count(batch);
        float[] exact;
        try (var reference = Model.open(folder, BenchmarkDevice.reference(BenchmarkDevice.of(device)), Precision.FLOAT32); var sessionOfIt = reference.newSession()) {
            exact = firstFeatures(sessionOfIt);
        }
        double error = ResultError.relative(firstFeatures(session), exact);
        System.out.printf("%s: largest error %.1e of the largest feature%n", model.deviceDescription(), error);
        if (!(error <= (precision == Precision.FLOAT32 ? FLOAT32_TOLERANCE : BFLOAT16_TOLERANCE))) {
            throw new IllegalStateException("features are off by " + error);
        }
    }

    private RandomModel weights() {
        return switch (size) {
            case "512" -> RandomModel.MASKGIT_512;
            case "small" -> RandomModel.SMALL;
            default -> throw new IllegalArgumentException("size is \"" + size + "\", wanted 512 or small");
        };
    }

    /** (2, T, C): features of the first step of one image, in which all tokens are masked. */
    private float[] firstFeatures(Session of) {
        var features = new float[1][];
        try {
            of.generate(request.count(1), step -> {
                features[0] = step.features();
                of.cancel();
            });
        } catch (CancelledException _) {
            return features[0];
        }
        throw new IllegalStateException("a cancelled generation went on");
    }

    /** Decoding included. */
    @Benchmark
    public List<GeneratedImage> images() {
        return session.generate(request);
    }

    /** Decoding excluded: all steps run, and then the generation is cancelled. */
    @Benchmark
    public int[] codes() {
        var codes = new int[1][];
        try {
            session.generate(request, step -> {
                if (isLast(step)) {
                    codes[0] = step.codes();
                    session.cancel();
                }
            });
        } catch (CancelledException _) {
            return codes[0];
        }
        throw new IllegalStateException("a cancelled generation went on");
    }

    private static boolean isLast(StepView step) {
        return step.index() == step.steps() - 1;
    }

    @TearDown
    public void tearDown() {
        session.close();
        model.close();
    }
}
