package io.maskleap.benchmarks;

import io.maskleap.GeneratedImage;
import io.maskleap.Model;
import io.maskleap.Request;
import io.maskleap.Session;
import io.maskleap.demo.DemoModel;
import java.util.Arrays;
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
 * A whole image of the demo model, decoding included: request in, pixels out. Before anything is timed, two generations
 * with one seed must agree in every pixel.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2, time = 3)
@Measurement(iterations = 5, time = 4)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@State(Scope.Benchmark)
public class GenerationBenchmark {
    /** Steps and full steps: the demo's good setting, the same without the shortcut, and as many full steps alone. */
    @Param({"16-5", "16-16", "5-5"})
    public String plan;

    /** See {@link BenchmarkDevice#of}. */
    @Param("cpu:2")
    public String device;

    private Model model;
    private Session session;
    private Request request;

    @Setup
    public void setUp() {
        var numbers = Arrays.stream(plan.split("-")).mapToInt(Integer::parseInt).toArray();
        model = Model.open(DemoModel.folder(), BenchmarkDevice.of(device));
        session = model.newSession();
        request = Request.ofClass("star").seed(7).steps(numbers[0]).budget(numbers[1]);
        if (!Arrays.equals(maskleap().getFirst().image().rgb(), maskleap().getFirst().image().rgb())) {
            throw new IllegalStateException("two generations with the same seed differ");
        }
    }

    @Benchmark
    public List<GeneratedImage> maskleap() {
        return session.generate(request);
    }

    @TearDown
    public void tearDown() {
        session.close();
        model.close();
    }
}
