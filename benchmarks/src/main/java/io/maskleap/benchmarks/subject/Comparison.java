package io.maskleap.benchmarks.subject;

import java.util.function.Supplier;

/** A result, element by element beside what it should be. */
public final class Comparison {
    private final String what;
    private double largestError;
    private double largestMagnitude;
    private String worst = "";

    /** @param what begins the sentence about an error */
    public Comparison(String what) {
        this.what = what;
    }

    /** Of two arrays of the same length. */
    public static Comparison of(String what, float[] actual, float[] expected) {
        if (actual.length != expected.length) {
            throw new IllegalStateException(what + ": " + actual.length + " elements, wanted " + expected.length);
        }
        var comparison = new Comparison(what);
        for (int i = 0; i < actual.length; i++) {
            int element = i;
            comparison.add(actual[i], expected[i], () -> "element " + element);
        }
        return comparison;
    }

    /** Adds an element, which stands at {@code row} and {@code column}. */
    public void add(double actual, double expected, long row, long column) {
        add(actual, expected, () -> "row " + row + ", column " + column);
    }

    private void add(double actual, double expected, Supplier<String> place) {
        double error = Math.abs(actual - expected);
        if (!(error <= largestError)) {
            largestError = Double.isNaN(error) ? Double.POSITIVE_INFINITY : error;
            worst = place.get() + ": got " + actual + ", wanted " + expected;
        }
        largestMagnitude = Math.max(largestMagnitude, Math.abs(expected));
    }

    /**
     * The largest error as a part of the largest magnitude, which may be at most {@code tolerance}.
     *
     * @throws IllegalStateException where it is more, or something is no number; the sentence says where
     */
    public double require(double tolerance) {
        double error = largestError == 0 ? 0 : largestError / largestMagnitude;
        if (!(error <= tolerance)) {
            throw new IllegalStateException("%s is wrong at %s; the largest error is %.2g of the largest value, allowed %.2g"
                    .formatted(what, worst, error, tolerance));
        }
        return error;
    }
}
