package io.maskleap.kernel;

import static io.maskleap.kernel.Comparison.assertSame;
import static io.maskleap.kernel.Refusal.BAD_ARGUMENT;
import static io.maskleap.kernel.Refusal.assertRefused;
import static io.maskleap.kernel.Refusal.nullMatrix;
import static io.maskleap.kernel.TestLibrary.onThreads;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UpsampleTest {
    @AutoClose
    private final Memory memory = new Memory();

    private final Kernels kernels = TestLibrary.kernels();

    @ParameterizedTest
    @CsvSource({"1, 1, 1, 1", "2, 3, 5, 7", "1, 1, 97, 20", "3, 8, 2, 64", "1, 65, 64, 33", "0, 4, 4, 8"})
    void everyPixelFourTimes(int N, int h, int w, int C) {
        var x = new Seeded().normal((long) N * h * w * C, 1);
        var expected = new float[4 * x.length];
        for (int n = 0; n < N; n++) {
            for (int i = 0; i < 2 * h; i++) {
                for (int j = 0; j < 2 * w; j++) {
                    System.arraycopy(x, ((n * h + i / 2) * w + j / 2) * C, expected, ((n * 2 * h + i) * 2 * w + j) * C, C);
                }
            }
        }
        assertSame(expected, onThreads(1, () -> run(x, N, h, w, C)), N, 2L * h, 2L * w, C);
        assertSame(expected, onThreads(2, () -> run(x, N, h, w, C)), N, 2L * h, 2L * w, C);
    }

    @Test
    void refusesNegativeSizes() {
        var x = memory.outputFloats(4).matrix(1, 4);
        var y = memory.outputFloats(16).matrix(4, 4);
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.upsampleNearest2x(x, y, -1, -1, 1), "upsample", "N", "-1");
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.upsampleNearest2x(x, y, 1, -1, -1), "upsample", "h", "-1");
    }

    @Test
    void refusesNullPointers() {
        var x = memory.outputFloats(4).matrix(1, 4);
        var y = memory.outputFloats(16).matrix(4, 4);
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.upsampleNearest2x(nullMatrix(1, 4), y, 1, 1, 1), "upsample", "x");
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.upsampleNearest2x(x, nullMatrix(4, 4), 1, 1, 1), "upsample", "y");
    }

    private float[] run(float[] x, int N, int h, int w, int C) {
        var y = memory.outputFloats(4L * x.length);
        kernels.upsampleNearest2x(memory.input(x).matrix((long) N * h * w, C), y.matrix(4L * N * h * w, C), N, h, w);
        return y.floats();
    }
}
