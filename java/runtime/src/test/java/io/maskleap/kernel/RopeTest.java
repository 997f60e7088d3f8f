package io.maskleap.kernel;

import static io.maskleap.kernel.Comparison.assertSame;
import static io.maskleap.kernel.Refusal.BAD_ARGUMENT;
import static io.maskleap.kernel.Refusal.BAD_SHAPE;
import static io.maskleap.kernel.Refusal.assertRefused;
import static io.maskleap.kernel.Refusal.nullMatrix;
import static io.maskleap.kernel.Refusal.nullOf;
import static io.maskleap.kernel.TestLibrary.onThreads;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RopeTest {
    private static final double THETA = 10000;

    @AutoClose
    private final Memory memory = new Memory();

    private final Kernels kernels = TestLibrary.kernels();

    private static float[] frequencies(int headDim) {
        var frequencies = new float[headDim / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = (float) Math.pow(THETA, -2.0 * i / headDim);
        }
        return frequencies;
    }

    private float[] run(float[] x, int[] positions, int heads, int headDim) {
        int rows = positions.length;
        var inPlace = memory.inPlace(x);
        kernels.rope(inPlace.matrix(rows, (long) heads * headDim), memory.input(positions).segment(),
                memory.input(frequencies(headDim)).matrix(1, headDim / 2), heads);
        return inPlace.floats();
    }

    private static double[] formula(Precision precision, float[] x, int[] positions, int heads, int headDim) {
        var y = new double[x.length];
        var frequencies = frequencies(headDim);
        int half = headDim / 2;
        for (int row = 0; row < positions.length; row++) {
            for (int i = 0; i < half; i++) {
                double angle = (float) positions[row] * frequencies[i]; // a float32 product, in any precision
                double cosine = precision.round(Math.cos(angle));
                double sine = precision.round(Math.sin(angle));
                for (int h = 0; h < heads; h++) {
                    int at = (row * heads + h) * headDim + i;
                    double a = x[at];
                    double b = x[at + half];
                    y[at] = precision.round(precision.round(a * cosine) - precision.round(b * sine));
                    y[at + half] = precision.round(precision.round(b * cosine) + precision.round(a * sine));
                }
            }
        }
        return y;
    }

    private void assertRight(int[] positions, int heads, int headDim) {
        var x = new Seeded().normal((long) positions.length * heads * headDim, 1);
        Reference.of(precision -> formula(precision, x, positions, heads, headDim))
                .assertMatches(run(x, positions, heads, headDim), positions.length, heads, headDim);
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 2", "5, 3, 6", "7, 2, 10", "97, 4, 48", "33, 2, 64", "9, 3, 128", "2, 1, 200", "0, 1, 8"})
    void headsOfAnyEvenSize(int rows, int heads, int headDim) {
        assertRight(new Seeded().ints(rows, 5000), heads, headDim);
    }

    @Test
    void positionsFarAway() {
        assertRight(new int[] {0, 1, 4299, 65535, 1_000_000}, 2, 64);
    }

    @Test
    void positionZeroChangesNothing() {
        var x = new Seeded().normal(2 * 16, 1);
        assertSame(x, run(x, new int[] {0, 0}, 1, 16), 2, 16);
    }

    /** Queries and keys lie side by side in one product with the values: one call turns both and leaves the values. */
    @Test
    void queriesAndKeysOfOneProduct() {
        int rows = 5, C = 24, headDim = 8;
        var product = new Seeded().normal((long) rows * 3 * C, 1);
        var positions = new int[] {3, 1, 4, 1, 5};
        var inPlace = memory.inPlace(product);
        kernels.rope(inPlace.matrix(rows, 3L * C).columns(0, 2L * C), memory.input(positions).segment(),
                memory.input(frequencies(headDim)).matrix(1, headDim / 2), 2 * C / headDim);
        var queriesAndKeys = new float[rows * 2 * C];
        for (int row = 0; row < rows; row++) {
            System.arraycopy(product, row * 3 * C, queriesAndKeys, row * 2 * C, 2 * C);
        }
        var turned = run(queriesAndKeys, positions, 2 * C / headDim, headDim);
        for (int row = 0; row < rows; row++) {
            System.arraycopy(turned, row * 2 * C, product, row * 3 * C, 2 * C);
        }
        assertSame(product, inPlace.floats(), rows, 3 * C);
    }

    @Test
    void oneThreadComputesTheSameAsTwo() {
        var x = new Seeded().normal(600 * 128, 1);
        var positions = new Seeded().ints(600, 600);
        assertSame(onThreads(1, () -> run(x, positions, 2, 64)), onThreads(2, () -> run(x, positions, 2, 64)), 600, 2, 64);
    }

    // ---- refusals ----

    private final Tensor x = memory.input(new float[2 * 8]).matrix(2, 8);
    private final Memory.Buffer positions = memory.input(1, 2);
    private final Tensor table = memory.input(frequencies(8)).matrix(1, 4);

    @Test
    void refusesNullPointers() {
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.rope(nullMatrix(2, 8), positions.segment(), table, 1), "rope", "x");
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.rope(x, nullOf(8), table, 1), "rope", "positions");
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.rope(x, positions.segment(), nullMatrix(1, 4), 1), "rope", "frequencies");
    }

    @Test
    void refusesNoHeads() {
        assertRefused(BAD_SHAPE, memory, () -> kernels.rope(x.columns(0, 0), positions.segment(), table, 0), "rope", "heads=0");
    }
}
