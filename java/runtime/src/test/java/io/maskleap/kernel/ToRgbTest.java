package io.maskleap.kernel;

import static io.maskleap.kernel.Comparison.assertSame;
import static io.maskleap.kernel.Refusal.BAD_ARGUMENT;
import static io.maskleap.kernel.Refusal.assertRefused;
import static io.maskleap.kernel.Refusal.nullMatrix;
import static io.maskleap.kernel.TestLibrary.onThreads;

import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ToRgbTest {
    @AutoClose
    private final Memory memory = new Memory();

    private final Kernels kernels = TestLibrary.kernels();

    /** Values keep 1e-3 of a level from the middle between two levels, where float32 could round either way. */
    @ParameterizedTest
    @CsvSource({"1, -1, 1", "97, -1, 1", "300001, -1, 1", "1025, 0, 1", "1025, -2.5, 7"})
    void clampsAndRounds(int n, float low, float high) {
        var x = new Seeded().uniform(n, low - 0.1, high + 0.1);
        var expected = new int[n];
        for (int i = 0; i < n; i++) {
            double level = (Math.clamp(x[i], low, high) - (double) low) / ((double) high - low) * 255;
            if (Math.abs(level - Math.floor(level) - 0.5) < 1e-3) {
                x[i] = low;
                level = 0;
            }
            expected[i] = (int) Math.rint(level);
        }
        assertSame(expected, onThreads(1, () -> run(x, low, high)), n);
        assertSame(expected, onThreads(2, () -> run(x, low, high)), n);
    }

    @Test
    void everyLevelComesBack() {
        var levels = IntStream.range(0, 256).toArray();
        var x = new float[256];
        for (int i = 0; i < 256; i++) {
            x[i] = i / 127.5f - 1;
        }
        assertSame(levels, run(x, -1, 1), 256);
    }

    /** The one middle between two levels that float32 holds exactly: 127.5. */
    @Test
    void theMiddleGoesToTheEvenLevel() {
        assertSame(new int[] {128}, run(new float[] {0}, -1, 1), 1);
        assertSame(new int[] {128}, run(new float[] {0.5f}, 0, 1), 1);
    }

    @Test
    void notANumberIsBlackAndInfinitiesAreClamped() {
        assertSame(new int[] {0, 255, 0, 0, 255}, run(new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, -3e38f, 3e38f}, -1, 1), 5);
    }

    @Test
    void nothingIsNoError() {
        assertSame(new int[0], run(new float[0], -1, 1), 0);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "1, -1", "NaN, 1"})
    void refusesAnEmptyRange(float low, float high) {
        var x = memory.input(new float[3]).matrix(1, 3);
        var rgb = memory.outputBytes(3).segment();
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.toRgb(x, rgb, low, high), "rgb", "low", "high");
    }

    @Test
    void refusesNullPointers() {
        var x = memory.input(new float[3]).matrix(1, 3);
        var rgb = memory.outputBytes(3).segment();
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.toRgb(nullMatrix(1, 3), rgb, -1, 1), "rgb", "x");
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.toRgb(x, Refusal.nullOf(3), -1, 1), "rgb", "rgb");
    }

    private int[] run(float[] x, float low, float high) {
        var rgb = memory.outputBytes(x.length);
        kernels.toRgb(memory.input(x).matrix(1, x.length), rgb.segment(), low, high);
        var bytes = rgb.bytes();
        return IntStream.range(0, bytes.length).map(i -> Byte.toUnsignedInt(bytes[i])).toArray();
    }
}
