package io.maskleap.benchmarks.libtorch;

import io.maskleap.kernel.StepBlock;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;

/** What follows the networks in a step: draw, and selection of the most confident. */
final class Generation {

    /**
     * What a step has fixed and left, by grid position.
     *
     * @param newIds       (n) int64
     * @param newPositions (n) int64
     * @param masked       (rest) int64, ascending
     */
    record Fixed(Tensor newIds, Tensor newPositions, Tensor masked) {
    }

    private Generation() {
    }

    /**
     * Draws a code for every masked position and fixes the most confident.
     *
     * @param feature (2, T, C)
     * @param masked  (M) int64
     * @param ids     in and out (2, T) int64
     */
    static Fixed sample(BaseNetwork base, Tensor feature, Tensor masked, StepBlock block, Tensor ids) {
        var logits = base.logits(feature, masked);
        var sequencesPerImage = Sampling.sequencesPerImage(logits, block.guidance());
        logits.close();
        sequencesPerImage.add_(base.headBias(masked));
        if (block.drawScale() != 1) {
            sequencesPerImage.mul_(Tensors.scalar(block.drawScale()));
        }
        var drawn = Sampling.draw(sequencesPerImage, Sampling.Draw.MULTINOMIAL, block.confidenceNoise());
        long M = masked.size(0);
        T_TensorTensor_T order = drawn.confidences().topk(M, 0, true, true);
        var chosen = order.get1().narrow(0, 0, block.toFix());
        var left = order.get1().narrow(0, block.toFix(), M - block.toFix());
        var newPositions = masked.index_select(0, chosen);
        var newIds = drawn.codes().index_select(0, chosen);
        for (int s = 0; s < 2; s++) {
            ids.select(0, s).index_copy_(0, newPositions, newIds);
        }
        return new Fixed(newIds, newPositions, masked.index_select(0, left));
    }
}
