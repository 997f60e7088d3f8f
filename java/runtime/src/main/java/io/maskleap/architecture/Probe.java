package io.maskleap.architecture;

/**
 * The networks of a model one by one, on arrays: for verification and for research. B is the number of sequences of a call, T the tokens of
 * a sequence.
 */
public interface Probe {
    /**
     * The base network.
     *
     * @param codes   (B, tokens): 0 to K - 1, or K where masked
     * @param labels  (B): class numbers
     * @param dropped (B): whether the class is withheld, as in the unconditional sequence
     * @return features (B, T, C)
     */
    float[] features(int[] codes, int[] labels, boolean[] dropped);

    /**
     * The head, on all rows.
     *
     * @param features (B, T, C)
     * @return logits (B, tokens, K), bias included
     */
    float[] logits(float[] features);

    /**
     * The shortcut.
     *
     * @param features   (B, T, C): the last step's
     * @param newIds     (B, n): codes fixed in the last step, by ascending position; n the same for all
     * @param newMap     (B, T): where they are, n of each row set
     * @param maskRatios (B): masked part of the tokens, 0 to 1
     * @return features (B, T, C), moved one step on
     */
    float[] shortcut(float[] features, int[] newIds, boolean[] newMap, float[] maskRatios);

    /**
     * The decoder.
     *
     * @param codes (B, tokens): 0 to K - 1
     * @return images (B, 3, height, width), nominally -1 to 1, not clamped
     */
    float[] decode(int[] codes);
}
