package io.maskleap.benchmarks;

/** How far a result is from a more exact one. */
final class ResultError {
    private ResultError() {
    }

    /** The largest error, as a part of the largest magnitude; NaN where something is NaN. */
    static double relative(float[] actual, float[] exact) {
        double error = 0;
        double magnitude = 0;
        for (int i = 0; i < exact.length; i++) {
            error = Math.max(error, Math.abs((double) actual[i] - exact[i]));
            magnitude = Math.max(magnitude, Math.abs(exact[i]));
        }
        return error / magnitude;
    }
}
