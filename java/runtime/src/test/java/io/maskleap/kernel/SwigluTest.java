package io.maskleap.kernel;

import static io.maskleap.kernel.Comparison.assertSame;
import static io.maskleap.kernel.Refusal.BAD_ARGUMENT;
import static io.maskleap.kernel.Refusal.assertRefused;
import static io.maskleap.kernel.Refusal.nullMatrix;
import static io.maskleap.kernel.TestLibrary.onThreads;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SwigluTest {
    @AutoClose
    private final Memory memory = new Memory();

    private final Kernels kernels = TestLibrary.kernels();

    private float[] run(float[] product, int rows, int C) {
        var both = memory.input(product).matrix(rows, 2L * C);
        var y = memory.outputFloats((long) rows * C);
        kernels.swiglu(both.columns(0, C), both.columns(C, C), y.matrix(rows, C));
        return y.floats();
    }

    private static double[] formula(Precision precision, float[] product, int C) {
        var y = new double[product.length / 2];
        for (int i = 0; i < y.length; i++) {
            double gate = product[i / C * 2 * C + i % C];
            double up = product[i / C * 2 * C + C + i % C];
            y[i] = precision.round(precision.round(gate * precision.sigmoid(gate)) * up);
        }
        return y;
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "3, 7", "5, 16", "7, 97", "2, 1025"})
    void halvesOfOneProduct(int rows, int C) {
        var product = new Seeded().normal(2L * rows * C, 3);
        Reference.of(precision -> formula(precision, product, C)).assertMatches(run(product, rows, C), rows, C);
    }

    @Test
    void noRows() {
        var nothing = memory.outputFloats(0).matrix(0, 8);
        kernels.swiglu(nothing, nothing, nothing);
    }

    @Test
    void tailsAndZero() {
        float[] product = {0, -0f, 1e-30f, 14, -14, 100, -100, 1e30f, /* up: */ 1, 2, 3, 4, 5, 6, 7, 8};
        Reference.of(precision -> formula(precision, product, 8)).assertMatches(run(product, 1, 8), 1, 8);
    }

    @Test
    void yMayBeGateOrUpWithoutGaps() {
        var seeded = new Seeded();
        var gate = seeded.normal(9 * 40, 2);
        var up = seeded.normal(9 * 40, 2);
        var y = memory.outputFloats(9 * 40);
        kernels.swiglu(memory.input(gate).matrix(9, 40), memory.input(up).matrix(9, 40), y.matrix(9, 40));
        var overGate = memory.inPlace(gate);
        kernels.swiglu(overGate.matrix(9, 40), memory.input(up).matrix(9, 40), overGate.matrix(9, 40));
        assertSame(y.floats(), overGate.floats(), 9, 40);
        var overUp = memory.inPlace(up);
        kernels.swiglu(memory.input(gate).matrix(9, 40), overUp.matrix(9, 40), overUp.matrix(9, 40));
        assertSame(y.floats(), overUp.floats(), 9, 40);
    }

    @Test
    void oneThreadComputesTheSameAsTwo() {
        var product = new Seeded().normal(2L * 600 * 513, 2);
        assertSame(onThreads(1, () -> run(product, 600, 513)), onThreads(2, () -> run(product, 600, 513)), 600, 513);
    }

    // ---- refusals ----

    private final Tensor gate = memory.input(new float[6]).matrix(2, 3);
    private final Tensor y = memory.outputFloats(6).matrix(2, 3);

    @Test
    void refusesNullPointers() {
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.swiglu(nullMatrix(2, 3), gate, y), "swiglu", "gate");
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.swiglu(gate, nullMatrix(2, 3), y), "swiglu", "up");
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.swiglu(gate, gate, nullMatrix(2, 3)), "swiglu", "y");
    }

    @Test
    void refusesToWriteOverHalvesOfAProduct() {
        var both = memory.input(new float[2 * 6]);
        var product = both.matrix(2, 6);
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.swiglu(product.columns(0, 3), product.columns(3, 3), both.matrix(4, 3).rows(0, 2)),
                "swiglu", "alias", "stride=6");
    }

    @Test
    void wantsOneStride() {
        var both = memory.input(new float[2 * 6]).matrix(2, 6);
        assertThrows(IllegalArgumentException.class, () -> kernels.swiglu(gate, both.columns(0, 3), y));
    }
}
