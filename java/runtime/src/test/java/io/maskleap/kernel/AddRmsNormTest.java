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

class AddRmsNormTest {
    private static final float EPS = 1e-5f;

    @AutoClose
    private final Memory memory = new Memory();

    private final Kernels kernels = TestLibrary.kernels();

    /** Random operands; {@code delta} is null where there is none. */
    private record Case(int rows, int C, float[] residual, float[] delta, float[] gamma, float eps) {
        static Case random(int rows, int C, boolean withDelta, double deviation, float eps) {
            var seeded = new Seeded();
            return new Case(rows, C, seeded.normal((long) rows * C, deviation), withDelta ? seeded.normal((long) rows * C, deviation) : null,
                    seeded.normal(C, 1, 0.3), eps);
        }

        /** The residual after the call: one float32 sum, which leaves no room for a tolerance. */
        float[] sum() {
            var sum = residual.clone();
            for (int i = 0; delta != null && i < sum.length; i++) {
                sum[i] += delta[i];
            }
            return sum;
        }

        double[] formula(Precision precision) {
            var y = new double[residual.length];
            var sum = sum();
            for (int row = 0; row < rows; row++) {
                double squares = 0;
                for (int i = row * C; i < (row + 1) * C; i++) {
                    squares = precision.round(squares + precision.round((double) sum[i] * sum[i]));
                }
                double root = precision.round(Math.sqrt(precision.round(precision.round(squares / C) + eps)));
                for (int c = 0; c < C; c++) {
                    y[row * C + c] = precision.round(precision.round(sum[row * C + c] / root) * gamma[c]);
                }
            }
            return y;
        }
    }

    private record Result(float[] residual, float[] y) {}

    private Result run(Case c) {
        var residual = c.delta == null ? memory.input(c.residual) : memory.inPlace(c.residual);
        var y = memory.outputFloats(c.residual.length);
        var delta = c.delta == null ? null : memory.input(c.delta).matrix(c.rows, c.C);
        kernels.addRmsNorm(residual.matrix(c.rows, c.C), delta, memory.input(c.gamma).matrix(1, c.C), y.matrix(c.rows, c.C), c.eps);
        return new Result(residual.floats(), y.floats());
    }

    private void assertRight(Case c) {
        var result = run(c);
        assertSame(c.sum(), result.residual, c.rows, c.C);
        Reference.of(c::formula).assertMatches(result.y, c.rows, c.C);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 8", "7, 20", "97, 120", "33, 768", "5, 1025", "3, 4096", "0, 8"})
    void rowsOfAnyWidth(int rows, int C) {
        assertRight(Case.random(rows, C, true, 2, EPS));
        assertRight(Case.random(rows, C, false, 2, EPS));
    }

    @Test
    void aSmallEpsilonAndSmallValues() {
        assertRight(Case.random(9, 384, false, 1e-4, 1e-12f));
    }

    @Test
    void aRowOfZerosStaysZero() {
        var c = new Case(1, 97, new float[97], null, new Seeded().normal(97, 1), EPS);
        assertSame(new float[97], abs(run(c).y), 97);
    }

    private static float[] abs(float[] x) {
        for (int i = 0; i < x.length; i++) {
            x[i] = Math.abs(x[i]);
        }
        return x;
    }

    @Test
    void yMayBeDelta() {
        var c = Case.random(9, 40, true, 1, EPS);
        var delta = memory.inPlace(c.delta);
        kernels.addRmsNorm(memory.inPlace(c.residual).matrix(9, 40), delta.matrix(9, 40), memory.input(c.gamma).matrix(1, 40), delta.matrix(9, 40), EPS);
        assertSame(run(c).y, delta.floats(), 9, 40);
    }

    @Test
    void yMayBeResidualWhereNothingIsAdded() {
        var c = Case.random(9, 40, false, 1, EPS);
        var residual = memory.inPlace(c.residual);
        kernels.addRmsNorm(residual.matrix(9, 40), null, memory.input(c.gamma).matrix(1, 40), residual.matrix(9, 40), EPS);
        assertSame(run(c).y, residual.floats(), 9, 40);
    }

    @Test
    void oneThreadComputesTheSameAsTwo() {
        var c = Case.random(1025, 384, true, 1, EPS);
        assertSame(onThreads(1, () -> run(c)).y, onThreads(2, () -> run(c)).y, 1025, 384);
    }

    // ---- refusals ----

    private final Case small = Case.random(2, 8, true, 1, EPS);
    private final Tensor residual = memory.input(small.residual).matrix(2, 8);
    private final Tensor delta = memory.input(small.delta).matrix(2, 8);
    private final Tensor gamma = memory.input(small.gamma).matrix(1, 8);
    private final Tensor y = memory.outputFloats(2 * 8).matrix(2, 8);

    @Test
    void refusesNullPointers() {
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.addRmsNorm(nullMatrix(2, 8), delta, gamma, y, EPS), "add_rms_norm", "residual");
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.addRmsNorm(residual, delta, nullMatrix(1, 8), y, EPS), "add_rms_norm", "gamma");
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.addRmsNorm(residual, delta, gamma, nullMatrix(2, 8), EPS), "add_rms_norm", "y");
    }

    @Test
    void refusesYInPlaceOfAResidualThatIsAddedTo() {
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.addRmsNorm(residual, delta, gamma, residual, EPS), "add_rms_norm", "alias");
    }

    @Test
    void refusesANegativeEpsilon() {
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.addRmsNorm(residual, delta, gamma, y, -1), "add_rms_norm", "eps=-1");
    }
}
