package io.maskleap.kernel;

import static io.maskleap.kernel.Refusal.BAD_ARGUMENT;
import static io.maskleap.kernel.Refusal.assertRefused;
import static io.maskleap.kernel.Refusal.nullMatrix;
import static io.maskleap.kernel.TestLibrary.onThreads;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.Arrays;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConvertTest {
    @AutoClose
    private final Memory memory = new Memory();

    private final Kernels kernels = TestLibrary.kernels();

    /** To the nearest, ties to even. */
    private static short rounded(float x) {
        int bits = Float.floatToRawIntBits(x);
        return (short) (bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 97, 1025, 300_001})
    void roundsAndWidens(int n) {
        var x = new Seeded().normal(n, 1000);
        var expected = new short[n];
        for (int i = 0; i < n; i++) {
            expected[i] = rounded(x[i]);
        }
        for (int threads : new int[] {1, 2}) {
            var half = memory.output(Dtype.BF16, n);
            var wide = memory.outputFloats(n);
            onThreads(threads, () -> {
                kernels.convert(memory.input(x).matrix(1, n), half.matrix(Dtype.BF16, 1, n));
                kernels.convert(half.matrix(Dtype.BF16, 1, n), wide.matrix(1, n));
                return null;
            });
            assertArrayEquals(expected, half.segment().toArray(JAVA_SHORT));
            var widened = new float[n];
            for (int i = 0; i < n; i++) {
                widened[i] = Float.intBitsToFloat(expected[i] << 16);
            }
            assertArrayEquals(widened, wide.floats());
        }
    }

    @Test
    void keepsInfinityAndNaN() {
        var x = memory.input(Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN, Float.intBitsToFloat(0x7f800001));
        var half = memory.output(Dtype.BF16, 4);
        kernels.convert(x.matrix(1, 4), half.matrix(Dtype.BF16, 1, 4));
        assertArrayEquals(new short[] {0x7f80, (short) 0xff80, 0x7fff, 0x7fff}, half.segment().toArray(JAVA_SHORT),
                () -> Arrays.toString(half.segment().toArray(JAVA_SHORT)));
    }

    @Test
    void refusesNullPointersAndAliases() {
        var tensor = memory.outputFloats(3).matrix(1, 3);
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.convert(nullMatrix(1, 3), tensor), "convert", "x");
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.convert(tensor, nullMatrix(1, 3)), "convert", "y");
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.convert(tensor, tensor), "convert", "alias");
    }
}
