package io.maskleap.kernel;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.stream.LongStream;

/**
 * Pearson's chi-square test. With a fixed seed it passes or fails for good; a right sampler had one chance in ten
 * thousand to fail when the seed was chosen.
 */
final class ChiSquare {
    /** The 1 - 1e-4 quantile of the standard normal distribution. */
    private static final double QUANTILE = 3.719;

    private ChiSquare() {}

    static void assertFits(long[] counts, double[] probabilities) {
        double statistic = statistic(counts, probabilities);
        double limit = limit(counts.length - 1);
        assertTrue(statistic < limit, () -> "chi-square " + statistic + ", limit " + limit + ": counts " + Arrays.toString(counts)
                + ", probabilities " + Arrays.toString(probabilities));
    }

    /** Shows that a test has the power to see a difference. */
    static void assertDoesNotFit(long[] counts, double[] probabilities) {
        double statistic = statistic(counts, probabilities);
        double limit = limit(counts.length - 1);
        assertTrue(statistic > limit, () -> "chi-square " + statistic + " does not reach the limit " + limit);
    }

    private static double statistic(long[] counts, double[] probabilities) {
        double n = LongStream.of(counts).sum();
        double sum = 0;
        for (int i = 0; i < counts.length; i++) {
            double expected = n * probabilities[i];
            assertTrue(expected >= 5, () -> "too few samples for the approximation: " + expected);
            sum += (counts[i] - expected) * (counts[i] - expected) / expected;
        }
        return sum;
    }

    /** Source: Wilson and Hilferty 1931. */
    private static double limit(int freedom) {
        double variance = 2.0 / (9 * freedom);
        return freedom * Math.pow(1 - variance + QUANTILE * Math.sqrt(variance), 3);
    }
}
