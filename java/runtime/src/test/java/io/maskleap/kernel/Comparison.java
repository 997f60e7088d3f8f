package io.maskleap.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.Arrays;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/** Compares tensors; a failure says where the first difference is, what was expected and found, and how many differ. */
final class Comparison {
    private Comparison() {}

    /** Within {@code allowance}; NaN and infinities must be the same. */
    static void assertClose(double[] expected, float[] actual, double allowance, long... shape) {
        assertEquals(expected.length, actual.length, "elements");
        compare(actual.length, i -> isClose(expected[i], actual[i], allowance), i -> expected[i], i -> actual[i],
                " within " + allowance, shape);
    }

    private static boolean isClose(double expected, double actual, double allowance) {
        return Double.isFinite(expected) ? Math.abs(actual - expected) <= allowance : Double.compare(expected, actual) == 0;
    }

    /** Bit for bit. */
    static void assertSame(float[] expected, float[] actual, long... shape) {
        assertEquals(expected.length, actual.length, "elements");
        compare(actual.length, i -> Float.floatToRawIntBits(expected[i]) == Float.floatToRawIntBits(actual[i]),
                i -> expected[i], i -> actual[i], "", shape);
    }

    static void assertSame(int[] expected, int[] actual, long... shape) {
        assertEquals(expected.length, actual.length, "elements");
        compare(actual.length, i -> expected[i] == actual[i], i -> expected[i], i -> actual[i], "", shape);
    }

    private static void compare(int n, IntPredicate agrees, IntFunction<Object> expected, IntFunction<Object> actual, String how, long... shape) {
        var different = IntStream.range(0, n).filter(agrees.negate()).toArray();
        if (different.length > 0) {
            int first = different[0];
            fail("at " + coordinate(first, shape) + " of " + Arrays.toString(shape) + ": expected " + expected.apply(first) + how
                    + ", actual " + actual.apply(first) + "; " + different.length + " of " + n + " differ (seed " + Seeded.SEED + ")");
        }
    }

    private static String coordinate(long index, long... shape) {
        var coordinate = new long[shape.length];
        for (int axis = shape.length - 1; axis >= 0; axis--) {
            coordinate[axis] = index % shape[axis];
            index /= shape[axis];
        }
        return Arrays.toString(coordinate);
    }
}
