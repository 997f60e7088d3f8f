package io.maskleap.network;

import io.maskleap.weights.TensorSource;
import java.util.function.DoubleUnaryOperator;

/**
 * What networks are made of, in plain loops: float32, or with the operands of products rounded to bfloat16 as the simplest
 * implementation would, weights of a softmax included. Sums are float32. The yardstick for our own error in bfloat16.
 */
final class PlainOperations {
    private final TensorSource weights;
    private final boolean bfloat16;

    /** (rows, columns). */
    record Matrix(float[] data, int rows, int columns) {
        Matrix(int rows, int columns) {
            this(new float[rows * columns], rows, columns);
        }

        float at(int row, int column) {
            return data[row * columns + column];
        }

        Matrix columns(int from, int count) {
            var out = new Matrix(rows, count);
            for (int r = 0; r < rows; r++) {
                System.arraycopy(data, r * columns + from, out.data, r * count, count);
            }
            return out;
        }
    }

    PlainOperations(TensorSource weights, boolean bfloat16) {
        this.weights = weights;
        this.bfloat16 = bfloat16;
    }

    /** The same operations on other weights. */
    PlainOperations on(TensorSource others) {
        return new PlainOperations(others, bfloat16);
    }

    PlainOperations inFloat32() {
        return new PlainOperations(weights, false);
    }

    boolean has(String name) {
        return weights.find(name).isPresent();
    }

    float[] weight(String name) {
        return weights.tensor(name).toFloats();
    }

    private float operand(float x) {
        if (!bfloat16) {
            return x;
        }
        int bits = Float.floatToRawIntBits(x);
        return Float.intBitsToFloat(bits + 0x7FFF + (bits >>> 16 & 1) & 0xFFFF0000);
    }

    /** Rows of an embedding, as a product with one-hot rows would give them. */
    Matrix embed(String table, int[] ids) {
        var values = weight(table);
        int C = (int) weights.tensor(table).dim(1);
        var out = new Matrix(ids.length, C);
        for (int r = 0; r < ids.length; r++) {
            for (int c = 0; c < C; c++) {
                out.data[r * C + c] = operand(values[ids[r] * C + c]);
            }
        }
        return out;
    }

    /** x W^T + b with rows {@code from .. from + out - 1} of W and b. */
    Matrix linear(Matrix x, String weight, String bias, int from, int out) {
        return linear(x, weight(weight), bias == null ? null : weight(bias), from, out);
    }

    Matrix linear(Matrix x, String prefix) {
        var bias = weight(prefix + ".bias");
        return linear(x, weight(prefix + ".weight"), bias, 0, bias.length);
    }

    Matrix linear(Matrix x, float[] w, float[] b, int from, int out) {
        var y = new Matrix(x.rows, out);
        for (int r = 0; r < x.rows; r++) {
            for (int o = 0; o < out; o++) {
                float sum = 0;
                for (int k = 0; k < x.columns; k++) {
                    sum += operand(x.at(r, k)) * operand(w[(from + o) * x.columns + k]);
                }
                y.data[r * out + o] = b == null ? sum : sum + b[from + o];
            }
        }
        return y;
    }

    Matrix map(Matrix x, DoubleUnaryOperator f) {
        var y = new Matrix(x.rows, x.columns);
        for (int i = 0; i < x.data.length; i++) {
            y.data[i] = (float) f.applyAsDouble(x.data[i]);
        }
        return y;
    }

    Matrix gelu(Matrix x) {
        return map(x, value -> value / 2 * (1 + erf(value / Math.sqrt(2))));
    }

    static double swish(double x) {
        return x / (1 + Math.exp(-x));
    }

    /** By its integral, in steps that make it exact to float32. */
    private static double erf(double x) {
        int steps = 200;
        double h = Math.min(Math.abs(x), 6) / steps;
        double sum = 0;
        for (int i = 0; i <= steps; i++) {
            double weight = i == 0 || i == steps ? 1 : i % 2 == 1 ? 4 : 2; // Simpson
            sum += weight * Math.exp(-(i * h) * (i * h));
        }
        return Math.signum(x) * sum * h / 3 * 2 / Math.sqrt(Math.PI);
    }

    static void add(Matrix x, Matrix delta) {
        for (int i = 0; i < x.data.length; i++) {
            x.data[i] += delta.data[i];
        }
    }

    Matrix layerNorm(Matrix x, String prefix, double eps) {
        var gamma = weight(prefix + ".weight");
        var beta = weight(prefix + ".bias");
        var y = new Matrix(x.rows, x.columns);
        for (int r = 0; r < x.rows; r++) {
            double mean = 0;
            double squares = 0;
            for (int c = 0; c < x.columns; c++) {
                mean += x.at(r, c) / x.columns;
            }
            for (int c = 0; c < x.columns; c++) {
                squares += (x.at(r, c) - mean) * (x.at(r, c) - mean);
            }
            for (int c = 0; c < x.columns; c++) {
                y.data[r * x.columns + c] = (float) ((x.at(r, c) - mean) / Math.sqrt(squares / x.columns + eps) * gamma[c] + beta[c]);
            }
        }
        return y;
    }

    /** Attention of the rows of each sequence of {@code queries} to its {@code keys} rows of k and v, head by head. */
    Matrix attention(Matrix q, Matrix k, Matrix v, int queries, int keys, int heads) {
        int dim = q.columns / heads;
        var out = new Matrix(q.rows, q.columns);
        for (int row = 0; row < q.rows; row++) {
            int first = row / queries * keys;
            for (int h = 0; h < heads; h++) {
                var p = new float[keys];
                for (int j = 0; j < keys; j++) {
                    float sum = 0;
                    for (int d = h * dim; d < (h + 1) * dim; d++) {
                        sum += operand(q.at(row, d)) * operand(k.at(first + j, d));
                    }
                    p[j] = sum;
                }
                softmax(p, 1 / Math.sqrt(dim));
                for (int d = h * dim; d < (h + 1) * dim; d++) {
                    float sum = 0;
                    for (int j = 0; j < keys; j++) {
                        sum += operand(p[j]) * operand(v.at(first + j, d));
                    }
                    out.data[row * out.columns + d] = sum;
                }
            }
        }
        return out;
    }

    private static void softmax(float[] x, double scale) {
        double max = Double.NEGATIVE_INFINITY;
        for (float value : x) {
            max = Math.max(max, value * scale);
        }
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) Math.exp(x[i] * scale - max);
            sum += x[i];
        }
        for (int i = 0; i < x.length; i++) {
            x[i] /= (float) sum;
        }
    }

    // ---- images: one row a pixel ----

    Matrix groupNorm(Matrix x, String prefix, int groups, boolean swish) {
        var gamma = weight(prefix + ".weight");
        var beta = weight(prefix + ".bias");
        int size = x.columns / groups;
        var y = new Matrix(x.rows, x.columns);
        for (int g = 0; g < groups; g++) {
            double n = (double) x.rows * size;
            double mean = 0;
            double squares = 0;
            for (int r = 0; r < x.rows; r++) {
                for (int c = g * size; c < (g + 1) * size; c++) {
                    mean += x.at(r, c) / n;
                }
            }
            for (int r = 0; r < x.rows; r++) {
                for (int c = g * size; c < (g + 1) * size; c++) {
                    squares += (x.at(r, c) - mean) * (x.at(r, c) - mean);
                }
            }
            for (int r = 0; r < x.rows; r++) {
                for (int c = g * size; c < (g + 1) * size; c++) {
                    double value = (x.at(r, c) - mean) / Math.sqrt(squares / n + 1e-6) * gamma[c] + beta[c];
                    y.data[r * x.columns + c] = (float) (swish ? swish(value) : value);
                }
            }
        }
        return y;
    }

    /** 3 x 3 taps, zero padding. */
    Matrix convolve(Matrix x, int side, String prefix) {
        var w = weight(prefix + ".weight");
        var b = weight(prefix + ".bias");
        var taps = new Matrix(x.rows, x.columns * 9);
        for (int pixel = 0; pixel < x.rows; pixel++) {
            for (int c = 0; c < x.columns; c++) {
                for (int tap = 0; tap < 9; tap++) {
                    int i = pixel / side + tap / 3 - 1;
                    int j = pixel % side + tap % 3 - 1;
                    boolean inside = i >= 0 && j >= 0 && i < side && j < side;
                    taps.data[(pixel * x.columns + c) * 9 + tap] = inside ? x.at(i * side + j, c) : 0;
                }
            }
        }
        return linear(taps, w, b, 0, b.length);
    }

    static Matrix upsample(Matrix x, int side) {
        var y = new Matrix(4 * x.rows, x.columns);
        for (int pixel = 0; pixel < y.rows; pixel++) {
            int from = pixel / (2 * side) / 2 * side + pixel % (2 * side) / 2;
            System.arraycopy(x.data, from * x.columns, y.data, pixel * x.columns, x.columns);
        }
        return y;
    }
}
