package io.maskleap.benchmarks.subject;

import io.maskleap.kernel.Dtype;

/**
 * An attention's sizes: bidirectional, all sequences alike.
 *
 * @param self whether queries, keys and values are slices of one product, as in self-attention; else keys and values are of another,
 *     as in cross-attention
 */
public record AttentionShape(int sequences, int heads, int queries, int keys, int headDim, boolean self) {

    /** Of every token to all tokens of its sequence. */
    public static AttentionShape self(int sequences, int heads, int tokens, int headDim) {
        return new AttentionShape(sequences, heads, tokens, tokens, headDim, true);
    }

    /** Of every token to a short list. */
    public static AttentionShape cross(int sequences, int heads, int queries, int keys, int headDim) {
        return new AttentionShape(sequences, heads, queries, keys, headDim, false);
    }

    /** Channels of a row. */
    public int channels() {
        return heads * headDim;
    }

    /** Two products of 2 operations a term; queries, keys, values and result, once each. */
    public Work work(Dtype dtype) {
        double operations = 4.0 * sequences * heads * queries * keys * headDim;
        double bytes = 2.0 * sequences * (queries + keys) * channels() * dtype.bytes();
        return new Work(operations, bytes);
    }

    /** Sequences x heads x tokens x head_dim, or sequences x heads x queries x keys x head_dim. */
    @Override
    public String toString() {
        return sequences + "x" + heads + "x" + queries + (self ? "" : "x" + keys) + "x" + headDim;
    }
}
