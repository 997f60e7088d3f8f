package io.maskleap.network;

import io.maskleap.device.Linear;

/**
 * A multi-head attention's weights.
 *
 * @param inProjection  (3 C, C): rows of q, then k, then v
 * @param outProjection (C, C)
 */
public record AttentionWeights(Linear inProjection, Linear outProjection) {

    public Linear queries() {
        return inProjection.outputs(0, channels());
    }

    public Linear keysAndValues() {
        return inProjection.outputs(channels(), 2 * channels());
    }

    private long channels() {
        return inProjection.in();
    }
}
