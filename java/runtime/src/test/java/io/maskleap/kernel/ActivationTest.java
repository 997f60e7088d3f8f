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
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

class ActivationTest {
    @AutoClose
    private final Memory memory = new Memory();

    private final Kernels kernels = TestLibrary.kernels();

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "NONE")
    void withAndWithoutBias(Activation kind) {
        var seeded = new Seeded();
        for (int C : new int[] {1, 20, 97, 1025}) {
            var x = seeded.normal(7L * C, 3);
            assertRight(kind, x, seeded.normal(C, 1), 7, C);
            assertRight(kind, x, null, 7, C);
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "NONE")
    void tailsAndZero(Activation kind) {
        float[] x = {0, -0f, 1e-30f, -1e-30f, 6, -6, 14, -14, 100, -100, 1e30f, -1e30f};
        assertRight(kind, x, null, 1, x.length);
    }

    /** Where y is small, one tolerance for all of it would hide an error. */
    @ParameterizedTest
    @CsvSource({"-6, -5", "-5, -3", "-3, -1", "-1, 0", "-1e-4, 1e-4", "0, 1"})
    void rangesOfSmallValues(double low, double high) {
        var x = new Seeded().uniform(5000, low, high);
        assertRight(Activation.GELU_ERF, x, null, 1, x.length);
        assertRight(Activation.SILU, x, null, 1, x.length);
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "NONE")
    void yMayBeX(Activation kind) {
        var x = new Seeded().normal(9 * 40, 2);
        var inPlace = memory.inPlace(x);
        kernels.activation(kind, inPlace.matrix(9, 40), null, inPlace.matrix(9, 40));
        assertSame(run(kind, x, null, 9, 40), inPlace.floats(), 9, 40);
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "NONE")
    void oneThreadComputesTheSameAsTwo(Activation kind) {
        var x = new Seeded().normal(600 * 513, 2);
        var bias = new Seeded().normal(513, 1);
        assertSame(onThreads(1, () -> run(kind, x, bias, 600, 513)), onThreads(2, () -> run(kind, x, bias, 600, 513)), 600, 513);
    }

    @ParameterizedTest
    @CsvSource({"1", "20", "97", "1025"})
    void noneAddsTheBias(int C) {
        var seeded = new Seeded();
        assertRight(Activation.NONE, seeded.normal(7L * C, 3), seeded.normal(C, 1), 7, C);
    }

    @Test
    void noneWithoutBiasIsNoActivation() {
        var x = memory.outputFloats(3).matrix(1, 3);
        assertThrows(IllegalArgumentException.class, () -> kernels.activation(Activation.NONE, x, null, x));
    }

    @Test
    void refusesNullPointers() {
        var tensor = memory.outputFloats(3).matrix(1, 3);
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.activation(Activation.SILU, nullMatrix(1, 3), null, tensor), "activation", "x");
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.activation(Activation.SILU, tensor, null, nullMatrix(1, 3)), "activation", "y");
    }

    private void assertRight(Activation kind, float[] x, float[] bias, int rows, int C) {
        Reference.of(precision -> {
            var y = new double[x.length];
            for (int i = 0; i < x.length; i++) {
                double shifted = bias == null ? x[i] : precision.round((double) x[i] + bias[i % C]);
                y[i] = switch (kind) {
                    case NONE -> shifted;
                    case GELU_ERF -> gelu(precision, shifted);
                    case SILU -> precision.round(shifted * precision.sigmoid(shifted));
                };
            }
            return y;
        }).assertMatches(run(kind, x, bias, rows, C), rows, C);
    }

    /** x (1 + erf(x / sqrt 2)) / 2. */
    private static double gelu(Precision precision, double x) {
        double erf = precision.round(erf(precision.round(x * precision.round(Math.sqrt(0.5)))));
        return precision.round(precision.round(x * 0.5) * precision.round(1 + erf));
    }

    /**
     * The series erf(x) = 2 / sqrt(pi) exp(-x^2) sum_n 2^n x^(2n+1) / (2n+1)!!, whose terms have one sign. Near -1 its
     * rounding would show in 1 + erf, but there x (1 + erf) is below the tolerances of these tests.
     * Source: Abramowitz and Stegun 1964, 7.1.6.
     */
    private static double erf(double x) {
        if (Math.abs(x) > 6) {
            return Math.signum(x);
        }
        double term = x;
        double sum = 0;
        for (int n = 0; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
            sum += term;
            term *= 2 * x * x / (2 * n + 3);
        }
        return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
    }

    private float[] run(Activation kind, float[] x, float[] bias, int rows, int C) {
        var y = memory.outputFloats(x.length);
        kernels.activation(kind, memory.input(x).matrix(rows, C), bias == null ? null : memory.input(bias).matrix(1, C), y.matrix(rows, C));
        return y.floats();
    }
}
