package io.maskleap.kernel;

import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * The precision in which a reference formula is evaluated. A formula rounds the result of every operation: in
 * {@link #DOUBLE} it is the truth, in {@link #FLOAT} it is what a plain float32 implementation computes (a sum, product,
 * quotient or root of float32 values rounds to the same float32 by way of double).
 */
enum Precision {
    DOUBLE,
    FLOAT;

    static double[] widen(float[] values) {
        return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
    }

    double round(double value) {
        return this == DOUBLE ? value : (float) value;
    }

    double exp(double x) {
        return round(Math.exp(x));
    }

    double sigmoid(double x) {
        return round(1 / round(1 + exp(-x)));
    }

    /** The softmax of {@code scale * x}. */
    double[] softmax(double[] x, double scale) {
        var p = new double[x.length];
        double max = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < x.length; i++) {
            p[i] = round(scale * x[i]);
            max = Math.max(max, p[i]);
        }
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            p[i] = exp(round(p[i] - max));
            sum = round(sum + p[i]);
        }
        for (int i = 0; i < x.length; i++) {
            p[i] = round(p[i] / sum);
        }
        return p;
    }

    /** Mean and biased variance of {@code count} values. */
    Moments moments(int count, IntToDoubleFunction value) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum = round(sum + value.applyAsDouble(i));
        }
        double mean = round(sum / count);
        double squares = 0;
        for (int i = 0; i < count; i++) {
            double d = round(value.applyAsDouble(i) - mean);
            squares = round(squares + round(d * d));
        }
        return new Moments(mean, round(squares / count));
    }

    record Moments(double mean, double variance) {}

    /** (value - mean) / sqrt(variance + eps) * gamma + beta. */
    double normalise(double value, Moments moments, double eps, double gamma, double beta) {
        double deviation = round(Math.sqrt(round(moments.variance + eps)));
        return round(round(round(round(value - moments.mean) / deviation) * gamma) + beta);
    }
}
