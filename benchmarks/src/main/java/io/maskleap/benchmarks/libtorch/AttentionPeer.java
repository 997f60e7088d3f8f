package io.maskleap.benchmarks.libtorch;

import io.maskleap.benchmarks.subject.AttentionCase;
import io.maskleap.benchmarks.subject.AttentionShape;
import io.maskleap.benchmarks.subject.Peer;
import io.maskleap.benchmarks.subject.Subject;
import io.maskleap.kernel.Dtype;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** Attention of one shape by libtorch, on operands that lie in memory as ours do. */
public record AttentionPeer(AttentionShape shape) implements Peer {

    @Override
    public List<String> ways(Dtype dtype) {
        return AttentionWay.words(dtype);
    }

    @Override
    public boolean dependsOnBlas() {
        return true;
    }

    @Override
    public Subject open(Dtype dtype, String way) {
        return new Computation(shape, dtype, AttentionWay.of(way));
    }

    private static final class Computation extends LibtorchSubject {
        private final AttentionCase operands;
        private final AttentionWay way;
        private final Tensor q;
        private final Tensor k;
        private final Tensor v;

        Computation(AttentionShape shape, Dtype dtype, AttentionWay way) {
            operands = new AttentionCase(shape, dtype, arena());
            this.way = way;
            q = heads(operands.queries(), shape.queries());
            k = heads(operands.keys(), shape.keys());
            v = heads(operands.values(), shape.keys());
        }

        private Tensor heads(io.maskleap.kernel.Tensor rows, long length) {
            var shape = operands.shape();
            return Tensors.of(rows).view(shape.sequences(), length, shape.heads(), shape.headDim()).transpose(1, 2);
        }

        @Override
        void compute() {
            way.apply(q, k, v);
        }

        /** Scores that are kept in bfloat16 cost some more. */
        @Override
        public double verify() {
            return operands.verify(floatsOf(() -> way.apply(q, k, v).transpose(1, 2)), way == AttentionWay.PRODUCTS ? 4 : 1);
        }
    }
}
