package io.maskleap.benchmarks.subject;

import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;

/** Operands of an attention in host memory, random ones, and what comes of them in double precision. */
public final class AttentionCase {
    private static final long SEED = 1;
    private static final int ROWS_TO_VERIFY = 200;
    private static final long ALIGNMENT = 64;

    private final AttentionShape shape;
    private final Dtype dtype;
    private final Tensor queries;
    private final Tensor keys;
    private final Tensor values;

    /** In memory that lives as long as {@code arena}. */
    public AttentionCase(AttentionShape shape, Dtype dtype, Arena arena) {
        this.shape = shape;
        this.dtype = dtype;
        int C = shape.channels();
        int own = shape.self() ? 3 * C : C;
        var first = random(arena, (long) shape.sequences() * shape.queries(), own, SEED);
        queries = first.columns(0, C);
        var second = shape.self() ? first.columns(C, 2L * C) : random(arena, (long) shape.sequences() * shape.keys(), 2 * C, SEED + 1);
        keys = second.columns(0, C);
        values = second.columns(C, C);
    }

    private Tensor random(Arena arena, long rows, long columns, long seed) {
        return Values.fillNormal(Tensor.of(arena.allocate(rows * columns * dtype.bytes(), ALIGNMENT), dtype, rows, columns), seed, 1);
    }

    public AttentionShape shape() {
        return shape;
    }

    /** (sequences * queries, C). */
    public Tensor queries() {
        return queries;
    }

    /** (sequences * keys, C). */
    public Tensor keys() {
        return keys;
    }

    /** (sequences * keys, C). */
    public Tensor values() {
        return values;
    }

    /**
     * Compares some rows, the first and the last among them, with double precision.
     *
     * @param result (sequences * queries, C)
     * @param slack  1, or how many times as large an error may be
     * @return as {@link Subject#verify}
     */
    public double verify(float[] result, double slack) {
        var comparison = new Comparison("attention " + shape);
        var random = new SplittableRandom(SEED);
        int rows = shape.sequences() * shape.queries();
        compare(comparison, result, 0, 0);
        compare(comparison, result, rows - 1, shape.heads() - 1);
        for (int i = 0; i < ROWS_TO_VERIFY; i++) {
            compare(comparison, result, random.nextInt(rows), random.nextInt(shape.heads()));
        }
        return comparison.require(slack * (dtype == Dtype.F32 ? 1e-5 : 5e-3));
    }

    private void compare(Comparison comparison, float[] result, int row, int head) {
        int first = head * shape.headDim();
        var expected = reference(row, first);
        for (int d = 0; d < expected.length; d++) {
            comparison.add(result[row * shape.channels() + first + d], expected[d], row, first + d);
        }
    }

    /** One head's part of a row, which begins at column {@code first}. */
    private double[] reference(int row, int first) {
        long firstKey = (long) row / shape.queries() * shape.keys();
        var weights = new double[shape.keys()];
        double sum = 0;
        for (int j = 0; j < weights.length; j++) {
            double dot = 0;
            for (int d = first; d < first + shape.headDim(); d++) {
                dot += (double) Values.get(queries, row, d) * Values.get(keys, firstKey + j, d);
            }
            weights[j] = Math.exp(dot / Math.sqrt(shape.headDim()));
            sum += weights[j];
        }
        var result = new double[shape.headDim()];
        for (int j = 0; j < weights.length; j++) {
            for (int d = 0; d < result.length; d++) {
                result[d] += weights[j] / sum * Values.get(values, firstKey + j, first + d);
            }
        }
        return result;
    }
}
