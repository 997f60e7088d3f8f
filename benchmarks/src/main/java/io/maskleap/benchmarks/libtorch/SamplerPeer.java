package io.maskleap.benchmarks.libtorch;

import io.maskleap.benchmarks.subject.Peer;
import io.maskleap.benchmarks.subject.SamplerCase;
import io.maskleap.benchmarks.subject.SamplerShape;
import io.maskleap.benchmarks.subject.Subject;
import io.maskleap.kernel.Dtype;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.bytedeco.pytorch.global.torch;

/** The sampler by libtorch: guidance, softmax, draw, and the confidence with its noise, all in the logits' dtype. */
public record SamplerPeer(SamplerShape shape) implements Peer {

    @Override
    public List<String> ways(Dtype dtype) {
        return Sampling.Draw.words(shape.gumbel());
    }

    @Override
    public boolean dependsOnBlas() {
        return false;
    }

    @Override
    public Subject open(Dtype dtype, String way) {
        return new Computation(shape, dtype, Sampling.Draw.of(way));
    }

    private static final class Computation extends LibtorchSubject {
        private static final long SEED = 42;

        private final SamplerCase operands;
        private final Sampling.Draw draw;
        private final Tensor logits;

        Computation(SamplerShape shape, Dtype dtype, Sampling.Draw draw) {
            operands = new SamplerCase(shape, dtype, arena());
            this.draw = draw;
            logits = Tensors.of(operands.logits()).view(2, shape.rows(), shape.codebook());
        }

        private Sampling.Drawn drawn() {
            return Sampling.draw(Sampling.sequencesPerImage(logits, SamplerCase.GUIDANCE), draw, SamplerCase.NOISE);
        }

        @Override
        void compute() {
            drawn();
        }

        /** Its random numbers are its own, so their means are compared. */
        @Override
        public double verify() {
            torch.manual_seed(SEED);
            try (var _ = new PointerScope()) {
                var drawn = drawn();
                var codes = Tensors.floats(drawn.codes().to(ScalarType.Int));
                return operands.verifyMeans(codes, Tensors.floats(drawn.confidences()));
            }
        }
    }
}
