package io.maskleap.device;

import io.maskleap.kernel.Activation;
import io.maskleap.kernel.Tensor;

/**
 * A linear layer: y = activation(x weight^T + bias).
 *
 * @param weight     (out, in), as PyTorch stores it
 * @param bias       (1, out) float32, or null
 * @param activation what follows the sum
 */
public record Linear(Tensor weight, Tensor bias, Activation activation) {

    /** The same layer, followed by {@code next}. */
    public Linear then(Activation next) {
        return new Linear(weight, bias, next);
    }

    /** Output features {@code from .. from + count - 1} only. */
    public Linear outputs(long from, long count) {
        return new Linear(weight.rows(from, count), bias == null ? null : bias.columns(from, count), activation);
    }

    public long in() {
        return weight.columns();
    }

    public long out() {
        return weight.rows();
    }
}
