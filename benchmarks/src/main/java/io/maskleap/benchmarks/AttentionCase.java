package io.maskleap.benchmarks;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.maskleap.device.DeviceStream;
import io.maskleap.device.cpu.CpuContext;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Heads;
import io.maskleap.kernel.Raggedness;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.Arena;
import java.util.Random;

/** Self-attention of one shape on random data, as the networks call it: q, k and v are slices of one product. */
final class AttentionCase implements AutoCloseable {
    private static final long SEED = 1;
    private static final int ROWS_TO_VERIFY = 8;
    private static final double TOLERANCE = 1e-5;

    private final int sequences;
    private final int tokens;
    private final Heads heads;
    private final Arena arena = Arena.ofShared();
    private final CpuContext device;
    private final DeviceStream stream;
    private final Tensor qkv;
    private final Tensor out;
    private final Raggedness raggedness;

    private AttentionCase(int sequences, int headCount, int tokens, int headDim, int threads) {
        this.sequences = sequences;
        this.tokens = tokens;
        heads = Heads.of(headCount, headDim);
        device = new CpuContext(threads);
        stream = device.newStream();
        long rows = (long) sequences * tokens;
        int channels = headCount * headDim;
        qkv = Tensor.of(device.allocate(arena, rows * 3 * channels * Float.BYTES), Dtype.F32, rows, 3L * channels);
        out = Tensor.of(device.allocate(arena, rows * channels * Float.BYTES), Dtype.F32, rows, channels);
        var random = new Random(SEED);
        for (long i = 0; i < rows * 3 * channels; i++) {
            qkv.data().setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        var offsets = arena.allocate(JAVA_INT, sequences + 1L);
        var counts = arena.allocate(JAVA_INT, sequences);
        for (int s = 0; s <= sequences; s++) {
            offsets.setAtIndex(JAVA_INT, s, s * tokens);
        }
        for (int s = 0; s < sequences; s++) {
            counts.setAtIndex(JAVA_INT, s, tokens);
        }
        raggedness = new Raggedness(offsets, offsets, counts, sequences, tokens, tokens);
    }

    /** Of a shape such as 2x16x1025x48: sequences, heads, tokens, head_dim. */
    static AttentionCase parse(String shape, int threads) {
        var sizes = shape.split("x");
        if (sizes.length != 4) {
            throw new IllegalArgumentException("shape is " + shape + ", wanted sequences x heads x tokens x head_dim, such as 2x16x1025x48");
        }
        return new AttentionCase(Integer.parseInt(sizes[0]), Integer.parseInt(sizes[1]), Integer.parseInt(sizes[2]), Integer.parseInt(sizes[3]), threads);
    }

    void run() {
        int channels = heads.queries() * heads.dim();
        stream.run(() -> stream.kernels().attention(qkv.columns(0, channels), qkv.columns(channels, channels), qkv.columns(2L * channels, channels), out,
                raggedness, heads, heads.scale()));
    }

    /** Compares some rows of the result with a double-precision reference. */
    void verify() {
        var random = new Random(SEED);
        for (int i = 0; i < ROWS_TO_VERIFY; i++) {
            int row = random.nextInt(sequences * tokens);
            int head = random.nextInt(heads.queries());
            var expected = reference(row, head);
            for (int d = 0; d < heads.dim(); d++) {
                float actual = out.data().getAtIndex(JAVA_FLOAT, row * out.stride() + head * heads.dim() + d);
                if (!(Math.abs(actual - expected[d]) <= TOLERANCE)) {
                    throw new IllegalStateException("attention is wrong at row " + row + ", head " + head + ", element " + d + ": got " + actual
                            + ", wanted " + expected[d]);
                }
            }
        }
    }

    private double[] reference(int row, int head) {
        int first = row / tokens * tokens;
        var weights = new double[tokens];
        double sum = 0;
        for (int j = 0; j < tokens; j++) {
            double dot = 0;
            for (int d = 0; d < heads.dim(); d++) {
                dot += element(row, 0, head, d) * element(first + j, 1, head, d);
            }
            weights[j] = Math.exp(dot * heads.scale());
            sum += weights[j];
        }
        var result = new double[heads.dim()];
        for (int j = 0; j < tokens; j++) {
            for (int d = 0; d < heads.dim(); d++) {
                result[d] += weights[j] / sum * element(first + j, 2, head, d);
            }
        }
        return result;
    }

    /** q (part 0), k (1) or v (2). */
    private double element(int row, int part, int head, int d) {
        return qkv.data().getAtIndex(JAVA_FLOAT, row * qkv.stride() + (long) part * heads.queries() * heads.dim() + (long) head * heads.dim() + d);
    }

    @Override
    public void close() {
        stream.close();
        device.close();
        arena.close();
    }
}
