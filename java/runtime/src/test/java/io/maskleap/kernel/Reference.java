package io.maskleap.kernel;

import java.util.function.Function;

/**
 * What a kernel should compute, from one formula evaluated in double and in float32.
 *
 * <p>The rule for every tolerance of these tests: the largest error against double is at most twice that of the plain
 * float32 implementation of the same formula, plus a floor of 2^-20 (a few float32 roundings) of the largest magnitude.
 * The floor keeps luck out: one large error of two equally good implementations may well be twice the other's.
 *
 * @param exact in double
 * @param plain in float32
 */
record Reference(double[] exact, double[] plain) {
    private static final double FLOOR = 0x1p-20;

    static Reference of(Function<Precision, double[]> formula) {
        return new Reference(formula.apply(Precision.DOUBLE), formula.apply(Precision.FLOAT));
    }

    double allowance() {
        double error = 0;
        double magnitude = 0;
        for (int i = 0; i < exact.length; i++) {
            if (Double.isFinite(exact[i])) {
                error = Math.max(error, Math.abs(plain[i] - exact[i]));
                magnitude = Math.max(magnitude, Math.abs(exact[i]));
            }
        }
        return 2 * error + FLOOR * magnitude;
    }

    /** Where {@link #exact} is NaN or infinite, so must {@code actual} be. */
    void assertMatches(float[] actual, long... shape) {
        Comparison.assertClose(exact, actual, allowance(), shape);
    }
}
