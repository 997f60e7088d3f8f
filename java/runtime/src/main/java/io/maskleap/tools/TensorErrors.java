package io.maskleap.tools;

import io.maskleap.error.MaskleapException;
import io.maskleap.tools.VerifyReport.TensorCheck;
import io.maskleap.weights.TensorSource;

/** Largest errors of what was computed against what was recorded. */
final class TensorErrors {
    private final String name;
    private final double tolerance;
    private final boolean relative;
    private double maxAbsolute;
    private double maxMagnitude;

    /** No error so far. */
    TensorErrors(String name, double tolerance, boolean relative) {
        this.name = name;
        this.tolerance = tolerance;
        this.relative = relative;
    }

    /** The errors of one tensor, which is recorded under {@code name}. */
    static TensorCheck of(String name, float[] actual, TensorSource recorded, double tolerance, boolean relative) {
        var errors = new TensorErrors(name, tolerance, relative);
        errors.add(actual, recorded, name);
        return errors.check();
    }

    /** Adds those of a tensor that is recorded under {@code tensor}. */
    void add(float[] actual, TensorSource recorded, String tensor) {
        var expected = recorded.tensor(tensor).toFloats();
        if (actual.length != expected.length) {
            throw new MaskleapException(recorded.path() + ": tensor " + tensor + " has " + expected.length + " elements, computed were " + actual.length);
        }
        for (int i = 0; i < expected.length; i++) {
            double error = Math.abs((double) actual[i] - expected[i]);
            maxAbsolute = Double.isNaN(error) ? Double.NaN : Math.max(maxAbsolute, error);
            maxMagnitude = Math.max(maxMagnitude, Math.abs(expected[i]));
        }
    }

    TensorCheck check() {
        return new TensorCheck(name, maxAbsolute, maxMagnitude == 0 ? maxAbsolute : maxAbsolute / maxMagnitude, tolerance, relative);
    }
}
