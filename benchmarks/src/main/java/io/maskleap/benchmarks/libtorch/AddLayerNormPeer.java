package io.maskleap.benchmarks.libtorch;

import io.maskleap.benchmarks.subject.AddLayerNormCase;
import io.maskleap.benchmarks.subject.Peer;
import io.maskleap.benchmarks.subject.Subject;
import io.maskleap.kernel.Dtype;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** residual += delta, y = LayerNorm(residual) by libtorch: an addition in place, the norm, and what is wanted of it in bfloat16. */
public record AddLayerNormPeer(int rows, int channels) implements Peer {

    @Override
    public List<String> ways(Dtype dtype) {
        return List.of("add_ + layer_norm");
    }

    @Override
    public boolean dependsOnBlas() {
        return false;
    }

    @Override
    public Subject open(Dtype dtype, String way) {
        return new Computation(rows, channels, dtype);
    }

    private static final class Computation extends LibtorchSubject {
        private final AddLayerNormCase operands;
        private final ScalarType dtype;
        private final Tensor residual;
        private final Tensor delta;
        private final TensorOptional gamma;
        private final TensorOptional beta;
        private final long[] channels;

        Computation(int rows, int channels, Dtype dtype) {
            operands = new AddLayerNormCase(rows, channels, dtype, arena());
            this.dtype = Tensors.dtype(dtype);
            this.channels = new long[] {channels};
            residual = Tensors.of(operands.residual());
            delta = Tensors.of(operands.delta());
            gamma = new TensorOptional(Tensors.of(operands.gamma()).view(channels));
            beta = new TensorOptional(Tensors.of(operands.beta()).view(channels));
        }

        private Tensor normed() {
            residual.add_(delta);
            var y = torch.layer_norm(residual, channels, gamma, beta, AddLayerNormCase.EPS, true);
            return dtype == ScalarType.Float ? y : Tensors.Flow.of(y).then(float32 -> float32.to(dtype)).get();
        }

        @Override
        void compute() {
            normed();
        }

        @Override
        public double verify() {
            var before = Tensors.floats(residual);
            return operands.verify(before, floatsOf(this::normed));
        }
    }
}
