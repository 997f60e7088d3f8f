package io.maskleap.benchmarks.subject;

import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.Arena;

/**
 * Operands of residual += delta, y = LayerNorm(residual) in host memory, random ones, and what comes of them in double precision. The
 * residual is float32, delta and y of the row's dtype. It grows with each run, which costs nothing.
 */
public final class AddLayerNormCase {
    /** The norms of our networks' layers. */
    public static final float EPS = 1e-5f;

    private static final long SEED = 3;
    private static final long ALIGNMENT = 64;

    private final Dtype dtype;
    private final Tensor residual;
    private final Tensor delta;
    private final Tensor gamma;
    private final Tensor beta;

    /** In memory that lives as long as {@code arena}. */
    public AddLayerNormCase(int rows, int channels, Dtype dtype, Arena arena) {
        this.dtype = dtype;
        residual = random(arena, Dtype.F32, rows, channels, SEED);
        delta = random(arena, dtype, rows, channels, SEED + 1);
        gamma = random(arena, Dtype.F32, 1, channels, SEED + 2);
        beta = random(arena, Dtype.F32, 1, channels, SEED + 3);
    }

    private static Tensor random(Arena arena, Dtype dtype, long rows, long columns, long seed) {
        return Values.fillNormal(Tensor.of(arena.allocate(rows * columns * dtype.bytes(), ALIGNMENT), dtype, rows, columns), seed, 1);
    }

    /** Residual read and written, delta read, y written. */
    public static Work work(int rows, int channels, Dtype dtype) {
        return new Work(0, (double) rows * channels * 2 * (Float.BYTES + dtype.bytes()));
    }

    /** (rows, C) float32. */
    public Tensor residual() {
        return residual;
    }

    /** (rows, C). */
    public Tensor delta() {
        return delta;
    }

    /** (1, C) float32. */
    public Tensor gamma() {
        return gamma;
    }

    /** (1, C) float32. */
    public Tensor beta() {
        return beta;
    }

    /**
     * Compares all rows of the first run's result with double precision.
     *
     * @param residualBefore (rows, C), before the run
     * @param result         (rows, C)
     * @return as {@link Subject#verify}
     */
    public double verify(float[] residualBefore, float[] result) {
        var comparison = new Comparison("LayerNorm");
        int C = Math.toIntExact(residual.columns());
        var row = new double[C];
        for (int r = 0; r < residual.rows(); r++) {
            double mean = 0;
            for (int c = 0; c < C; c++) {
                row[c] = (double) residualBefore[r * C + c] + Values.get(delta, r, c);
                mean += row[c] / C;
            }
            double variance = 0;
            for (double value : row) {
                variance += (value - mean) * (value - mean) / C;
            }
            for (int c = 0; c < C; c++) {
                double expected = (row[c] - mean) / Math.sqrt(variance + EPS) * Values.get(gamma, 0, c) + Values.get(beta, 0, c);
                comparison.add(result[r * C + c], expected, r, c);
            }
        }
        return comparison.require(dtype == Dtype.F32 ? 1e-5 : 5e-3);
    }
}
