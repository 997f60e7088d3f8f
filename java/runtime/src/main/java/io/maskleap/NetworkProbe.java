package io.maskleap;

import io.maskleap.architecture.Probe;
import io.maskleap.error.MaskleapException;

/**
 * A model's networks one by one, on arrays: for verification and for research. It allocates what it needs in each call;
 * to generate images, use a {@link Session}. Valid while its model is open.
 *
 * <p>B is the number of sequences of a call, T the tokens of a sequence, the last of which is the class token.
 */
public final class NetworkProbe {
    private final ModelInfo model;
    private final Probe probe;

    NetworkProbe(ModelInfo model, Probe probe) {
        this.model = model;
        this.probe = probe;
    }

    /**
     * The base network.
     *
     * @param codes   (B, tokens): 0 to K - 1, or K where masked
     * @param labels  (B): class numbers
     * @param dropped (B): whether the class is withheld, as in the unconditional sequence
     * @return features (B, T, C)
     */
    public float[] features(int[] codes, int[] labels, boolean[] dropped) {
        return probe.features(codes, labels, dropped);
    }

    /**
     * The head, on all rows.
     *
     * @param features (B, T, C)
     * @return logits (B, tokens, K), bias included
     */
    public float[] logits(float[] features) {
        return probe.logits(features);
    }

    /**
     * The shortcut.
     *
     * @param features   (B, T, C): the last step's
     * @param newIds     (B, n): codes fixed in the last step, by ascending position; n the same for all
     * @param newMap     (B, T): where they are, n of each row set
     * @param maskRatios (B): masked part of the tokens, 0 to 1
     * @return features (B, T, C), moved one step on
     * @throws MaskleapException if the model has no shortcut
     */
    public float[] shortcut(float[] features, int[] newIds, boolean[] newMap, float[] maskRatios) {
        if (!model.hasShortcut()) {
            throw new MaskleapException("model " + model.name() + " has no shortcut");
        }
        return probe.shortcut(features, newIds, newMap, maskRatios);
    }

    /**
     * The decoder.
     *
     * @param codes (B, tokens): 0 to K - 1
     * @return images (B, 3, height, width), nominally -1 to 1, not clamped
     */
    public float[] decode(int[] codes) {
        return probe.decode(codes);
    }
}
