package io.maskleap.kernel;

import static io.maskleap.kernel.Comparison.assertSame;
import static io.maskleap.kernel.Refusal.BAD_ARGUMENT;
import static io.maskleap.kernel.Refusal.assertRefused;
import static io.maskleap.kernel.TestLibrary.onThreads;

import java.util.Arrays;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SoftmaxRowsTest {
    @AutoClose
    private final Memory memory = new Memory();

    private final Kernels kernels = TestLibrary.kernels();

    @ParameterizedTest
    @CsvSource({"1, 1, 1", "7, 97, 0.5", "33, 257, 1", "5, 1025, 0.044", "3, 1024, -2", "4, 64, 0", "0, 5, 1"})
    void rowsOfAnyLength(int rows, int columns, float scale) {
        assertRight(new Seeded().normal((long) rows * columns, 3), rows, columns, scale);
    }

    @Test
    void peakyLogits() {
        assertRight(new Seeded().normal(9 * 129, 1e4), 9, 129, 1);
    }

    @Test
    void aLargeOffsetOfAllLogits() {
        assertRight(new Seeded().normal(9 * 129, 1e4, 1), 9, 129, 1);
        assertRight(new Seeded().normal(9 * 129, -1e4, 1), 9, 129, 1);
    }

    @Test
    void oneThreadComputesTheSameAsTwo() {
        var x = new Seeded().normal(600 * 513, 2);
        assertSame(onThreads(1, () -> run(x, 600, 513, 0.7f)), onThreads(2, () -> run(x, 600, 513, 0.7f)), 600, 513);
    }

    @Test
    void refusesANullPointer() {
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.softmaxRows(Refusal.nullMatrix(2, 3), 1), "softmax", "x");
    }

    private void assertRight(float[] x, int rows, int columns, float scale) {
        Reference.of(precision -> {
            var p = new double[x.length];
            for (int row = 0; row < rows; row++) {
                var logits = Precision.widen(Arrays.copyOfRange(x, row * columns, (row + 1) * columns));
                System.arraycopy(precision.softmax(logits, scale), 0, p, row * columns, columns);
            }
            return p;
        }).assertMatches(run(x, rows, columns, scale), rows, columns);
    }

    private float[] run(float[] x, int rows, int columns, float scale) {
        var inPlace = memory.inPlace(x);
        kernels.softmaxRows(inPlace.matrix(rows, columns), scale);
        return inPlace.floats();
    }
}
