package io.maskleap.kernel;

import static io.maskleap.kernel.Comparison.assertSame;
import static io.maskleap.kernel.Refusal.BAD_ARGUMENT;
import static io.maskleap.kernel.Refusal.assertRefused;
import static io.maskleap.kernel.Refusal.nullMatrix;
import static io.maskleap.kernel.TestLibrary.onThreads;

import java.util.Arrays;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AddLayerNormTest {
    private static final float EPS = 1e-5f;

    @AutoClose
    private final Memory memory = new Memory();

    private final Kernels kernels = TestLibrary.kernels();

    /** Random operands; {@code delta} is null where there is none. */
    private record Case(int rows, int C, float[] residual, float[] delta, float[] gamma, float[] beta, float eps) {
        static Case random(int rows, int C, boolean withDelta, double mean, double deviation, float eps) {
            var seeded = new Seeded();
            return new Case(rows, C, seeded.normal((long) rows * C, mean, deviation), withDelta ? seeded.normal((long) rows * C, deviation) : null,
                    seeded.normal(C, 1, 0.3), seeded.normal(C, 0.5), eps);
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
                int first = row * C;
                var moments = precision.moments(C, c -> sum[first + c]);
                for (int c = 0; c < C; c++) {
                    y[first + c] = precision.normalise(sum[first + c], moments, eps, gamma[c], beta[c]);
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
        call(c, residual.matrix(c.rows, c.C), delta, y.matrix(c.rows, c.C));
        return new Result(residual.floats(), y.floats());
    }

    private void call(Case c, Tensor residual, Tensor delta, Tensor y) {
        kernels.addLayerNorm(residual, delta, memory.input(c.gamma).matrix(1, c.C), memory.input(c.beta).matrix(1, c.C), y, c.eps);
    }

    private void assertRight(Case c) {
        var result = run(c);
        assertSame(c.sum(), result.residual, c.rows, c.C);
        Reference.of(c::formula).assertMatches(result.y, c.rows, c.C);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 8", "7, 20", "97, 120", "257, 384", "33, 768", "5, 1025", "0, 8"})
    void rowsOfAnyWidth(int rows, int C) {
        assertRight(Case.random(rows, C, true, 0, 2, EPS));
        assertRight(Case.random(rows, C, false, 0, 2, EPS));
    }

    @Test
    void aMeanFarFromZero() {
        assertRight(Case.random(9, 768, true, 1000, 1, EPS));
    }

    @Test
    void theSmallEpsilonOfFirstAndLastLayer() {
        assertRight(Case.random(9, 384, false, 0, 1e-4, 1e-12f));
    }

    @Test
    void aConstantRowBecomesBeta() {
        var random = Case.random(1, 97, false, 0, 1, EPS);
        var constant = new float[97];
        Arrays.fill(constant, 3);
        assertSame(random.beta, run(new Case(1, 97, constant, null, random.gamma, random.beta, EPS)).y, 97);
    }

    @Test
    void yMayBeDelta() {
        var c = Case.random(9, 40, true, 0, 1, EPS);
        var expected = run(c);
        var residual = memory.inPlace(c.residual);
        var delta = memory.inPlace(c.delta);
        call(c, residual.matrix(9, 40), delta.matrix(9, 40), delta.matrix(9, 40));
        assertSame(expected.y, delta.floats(), 9, 40);
        assertSame(expected.residual, residual.floats(), 9, 40);
    }

    @Test
    void yMayBeResidualWhereNothingIsAdded() {
        var c = Case.random(9, 40, false, 0, 1, EPS);
        var residual = memory.inPlace(c.residual);
        call(c, residual.matrix(9, 40), null, residual.matrix(9, 40));
        assertSame(run(c).y, residual.floats(), 9, 40);
    }

    @Test
    void oneThreadComputesTheSameAsTwo() {
        var c = Case.random(1025, 384, true, 0, 1, EPS);
        var one = onThreads(1, () -> run(c));
        var two = onThreads(2, () -> run(c));
        assertSame(one.y, two.y, 1025, 384);
        assertSame(one.residual, two.residual, 1025, 384);
    }

    // ---- refusals ----

    private final Case small = Case.random(2, 8, true, 0, 1, EPS);
    private final Tensor residual = memory.inPlace(small.residual).matrix(2, 8);
    private final Tensor delta = memory.input(small.delta).matrix(2, 8);
    private final Tensor row = memory.input(small.gamma).matrix(1, 8);
    private final Tensor y = memory.outputFloats(2 * 8).matrix(2, 8);

    @Test
    void refusesNullPointers() {
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.addLayerNorm(nullMatrix(2, 8), delta, row, row, y, EPS), "norm", "residual");
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.addLayerNorm(residual, delta, nullMatrix(1, 8), row, y, EPS), "norm", "gamma");
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.addLayerNorm(residual, delta, row, nullMatrix(1, 8), y, EPS), "norm", "beta");
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.addLayerNorm(residual, delta, row, row, nullMatrix(2, 8), EPS), "norm", "y");
    }
}
