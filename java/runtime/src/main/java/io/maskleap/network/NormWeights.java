package io.maskleap.network;

import io.maskleap.kernel.Tensor;

/** A LayerNorm's or GroupNorm's {@code weight} and {@code bias}, each (1, C). */
public record NormWeights(Tensor gamma, Tensor beta) {
}
