package io.maskleap.kernel;

import static io.maskleap.kernel.Refusal.BAD_ARGUMENT;
import static io.maskleap.kernel.Refusal.assertRefused;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TimeEmbeddingTest {
    @AutoClose
    private final Memory memory = new Memory();

    private final Kernels kernels = TestLibrary.kernels();

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 97, 128})
    void cosinesThenSines(int half) {
        float[] ratios = {0, 1, 0.5f, 0.123456f, 1 / 1024f, 0.999f};
        var out = memory.outputFloats(2L * half * ratios.length);
        kernels.timeEmbedding(memory.input(ratios).segment(), out.matrix(ratios.length, 2L * half));
        Reference.of(precision -> {
            var expected = new double[2 * half * ratios.length];
            for (int n = 0; n < ratios.length; n++) {
                double t = precision.round(1000.0 * ratios[n]);
                for (int i = 0; i < half; i++) {
                    double angle = precision.round(t * precision.exp(precision.round(precision.round(-Math.log(10000) * i) / half)));
                    expected[n * 2 * half + i] = precision.round(Math.cos(angle));
                    expected[n * 2 * half + half + i] = precision.round(Math.sin(angle));
                }
            }
            return expected;
        }).assertMatches(out.floats(), ratios.length, 2, half);
    }

    @Test
    void noRatiosIsNoError() {
        kernels.timeEmbedding(memory.input(new float[0]).segment(), memory.outputFloats(0).matrix(0, 16));
    }

    @Test
    void refusesNullPointers() {
        var ratio = memory.input(0.5f).segment();
        var out = memory.outputFloats(16).matrix(1, 16);
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.timeEmbedding(Refusal.nullOf(4), out), "time", "mask_ratio");
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.timeEmbedding(ratio, Refusal.nullMatrix(1, 16)), "time", "out");
    }
}
