package io.maskleap.kernel;

import io.maskleap.kernel.Memory.Buffer;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Packed, ragged inputs of an attention kernel, and what it should make of them.
 *
 * @param heads      query heads, key heads, head size
 * @param scale      of the logits
 * @param q          (query rows, heads * dim)
 * @param k          (key rows, key heads * dim)
 * @param v          as k
 * @param offsets    (sequences + 1) first query row of each sequence
 * @param keyOffsets (sequences) first key row
 * @param keyCounts  (sequences)
 */
record AttentionCase(Heads heads, float scale, float[] q, float[] k, float[] v, int[] offsets, int[] keyOffsets, int[] keyCounts) {

    /** One of the two attention kernels. */
    interface Kernel {
        void call(Tensor q, Tensor k, Tensor v, Tensor out, Raggedness raggedness, Heads heads, float scale);
    }

    /** Random sequences whose queries and keys follow each other without gaps. */
    static AttentionCase random(Heads heads, int[] queryCounts, int[] keyCounts) {
        return random(heads, starts(queryCounts), Arrays.copyOf(starts(keyCounts), keyCounts.length), keyCounts);
    }

    /** Random sequences that share and skip rows as the offsets say. */
    static AttentionCase random(Heads heads, int[] offsets, int[] keyOffsets, int[] keyCounts) {
        var seeded = new Seeded();
        int keyRows = IntStream.range(0, keyCounts.length).map(s -> keyOffsets[s] + keyCounts[s]).max().orElse(0);
        long keyElements = (long) keyRows * heads.keys() * heads.dim();
        var q = seeded.normal((long) offsets[offsets.length - 1] * heads.queries() * heads.dim(), 1);
        return new AttentionCase(heads, heads.scale(), q, seeded.normal(keyElements, 1), seeded.normal(keyElements, 1), offsets, keyOffsets, keyCounts);
    }

    private static int[] starts(int[] counts) {
        var starts = new int[counts.length + 1];
        for (int i = 0; i < counts.length; i++) {
            starts[i + 1] = starts[i] + counts[i];
        }
        return starts;
    }

    /** The same sequences with {@code factor} times the logits. */
    AttentionCase withLogitsTimes(float factor) {
        return new AttentionCase(heads, scale * factor, q, k, v, offsets, keyOffsets, keyCounts);
    }

    /** Sequence {@code s} alone. */
    AttentionCase alone(int s) {
        return new AttentionCase(heads, scale,
                Arrays.copyOfRange(q, offsets[s] * queryColumns(), offsets[s + 1] * queryColumns()),
                Arrays.copyOfRange(k, keyOffsets[s] * keyColumns(), (keyOffsets[s] + keyCounts[s]) * keyColumns()),
                Arrays.copyOfRange(v, keyOffsets[s] * keyColumns(), (keyOffsets[s] + keyCounts[s]) * keyColumns()),
                new int[] {0, offsets[s + 1] - offsets[s]}, new int[1], new int[] {keyCounts[s]});
    }

    int sequences() {
        return keyCounts.length;
    }

    int queryColumns() {
        return heads.queries() * heads.dim();
    }

    int keyColumns() {
        return heads.keys() * heads.dim();
    }

    int rows() {
        return q.length / Math.max(queryColumns(), 1);
    }

    int keyRows() {
        return k.length / Math.max(keyColumns(), 1);
    }

    Raggedness raggedness(Memory memory) {
        int maxQueries = IntStream.range(0, sequences()).map(s -> offsets[s + 1] - offsets[s]).max().orElse(0);
        int maxKeys = IntStream.of(keyCounts).max().orElse(0);
        return new Raggedness(memory.input(offsets).segment(), memory.input(keyOffsets).segment(), memory.input(keyCounts).segment(),
                sequences(), maxQueries, maxKeys);
    }

    /** (rows, heads * dim) as the kernel computes it, from packed tensors. */
    float[] run(Kernel kernel, Memory memory) {
        Buffer out = memory.outputFloats(q.length);
        kernel.call(memory.input(q).matrix(rows(), queryColumns()), memory.input(k).matrix(keyRows(), keyColumns()),
                memory.input(v).matrix(keyRows(), keyColumns()), out.matrix(rows(), queryColumns()), raggedness(memory), heads, scale);
        return out.floats();
    }

    void assertRight(Kernel kernel, Memory memory) {
        Reference.of(this::formula).assertMatches(run(kernel, memory), rows(), heads.queries(), heads.dim());
    }

    /** The header's formula. Rows of no sequence are NaN: the kernel leaves the poison there. */
    private double[] formula(Precision precision) {
        var out = new double[q.length];
        Arrays.fill(out, Double.NaN);
        for (int s = 0; s < sequences(); s++) {
            int sequence = s;
            IntStream.range(offsets[s], offsets[s + 1]).parallel().forEach(row -> {
                for (int h = 0; h < heads.queries(); h++) {
                    attend(precision, sequence, row, h, out);
                }
            });
        }
        return out;
    }

    private void attend(Precision precision, int sequence, int row, int head, double[] out) {
        int dim = heads.dim();
        int keys = keyCounts[sequence];
        int query = row * queryColumns() + head * dim;
        int firstKey = keyOffsets[sequence] * keyColumns() + head / (heads.queries() / heads.keys()) * dim;
        var products = new double[keys];
        for (int j = 0; j < keys; j++) {
            double sum = 0;
            for (int d = 0; d < dim; d++) {
                sum = precision.round(sum + precision.round((double) q[query + d] * k[firstKey + j * keyColumns() + d]));
            }
            products[j] = sum;
        }
        var weights = precision.softmax(products, scale);
        Arrays.fill(out, query, query + dim, 0);
        for (int j = 0; j < keys; j++) {
            for (int d = 0; d < dim; d++) {
                out[query + d] = precision.round(out[query + d] + precision.round(weights[j] * v[firstKey + j * keyColumns() + d]));
            }
        }
    }
}
