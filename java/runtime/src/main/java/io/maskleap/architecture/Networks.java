package io.maskleap.architecture;

import io.maskleap.device.DeviceContext;
import io.maskleap.device.Workspace;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Tensor;
import io.maskleap.network.VqganDecoder;

/**
 * A model's networks on a device, with their mapped weights. Immutable, and shared by all sessions; what a session computes with is
 * a {@link NetworkPasses} of its own.
 */
public interface Networks extends AutoCloseable {
    ModelSizes sizes();

    /** The dtype of what is multiplied: weights, and the activations that meet them. */
    Dtype operands();

    /** The decoder from codes to images. */
    VqganDecoder decoder();

    /** (tokens, at least K) float32: what the sampler adds to the guided logits of each grid position. */
    Tensor headBias();

    /** Memory for the forward passes of up to {@code maxImages} images with {@code sequencesPerImage} sequences each. */
    NetworkPasses newPasses(Workspace workspace, int maxImages, int sequencesPerImage);

    /** The networks one by one, on {@code device}, on which they are. */
    Probe newProbe(DeviceContext device);

    /** Unmaps the weights; nothing may compute with them any more. */
    @Override
    void close();
}
