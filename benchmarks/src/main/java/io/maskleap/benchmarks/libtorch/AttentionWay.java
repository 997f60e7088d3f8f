package io.maskleap.benchmarks.libtorch;

import io.maskleap.kernel.Dtype;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** How attention is computed with libtorch; q, k, v, and the result: (sequences, heads, rows, head_dim). */
enum AttentionWay {
    /** Its fused kernel. */
    FUSED("scaled_dot_product_attention") {
        @Override
        Tensor compute(Tensor q, Tensor k, Tensor v) {
            return torch.scaled_dot_product_attention(q, k, v);
        }
    },
    /** The same for bfloat16 by way of float32: the fused kernel multiplies bfloat16 without any BLAS here, 20 times slower. */
    FUSED_IN_FLOAT32("scaled_dot_product_attention in float32") {
        @Override
        Tensor compute(Tensor q, Tensor k, Tensor v) {
            return Tensors.Flow.of(FUSED.compute(q.to(ScalarType.Float), k.to(ScalarType.Float), v.to(ScalarType.Float))).then(out -> out.to(q.scalar_type())).get();
        }
    },
    /** Two products of matrices and a softmax, all scores in memory. */
    PRODUCTS("matmul + softmax") {
        @Override
        Tensor compute(Tensor q, Tensor k, Tensor v) {
            var scale = Tensors.scalar(1 / Math.sqrt(q.size(3)));
            return Tensors.Flow.of(q.mul(scale)).then(scaled -> torch.matmul(scaled, k.transpose(2, 3))).then(scores -> torch.softmax(scores, -1))
                    .then(weights -> torch.matmul(weights, v)).get();
        }
    };

    private final String word;

    AttentionWay(String word) {
        this.word = word;
    }

    abstract Tensor compute(Tensor q, Tensor k, Tensor v);

    /** (sequences, heads, queries, head_dim). */
    Tensor apply(Tensor q, Tensor k, Tensor v) {
        Libtorch.useBlasFromManyThreads();
        try {
            return compute(q, k, v);
        } finally {
            Libtorch.useBlasFromOneThread();
        }
    }

    /** Those that could be the best in {@code dtype}, by their words. */
    static List<String> words(Dtype dtype) {
        return Arrays.stream(values()).filter(way -> way != FUSED_IN_FLOAT32 || dtype == Dtype.BF16).map(AttentionWay::toString).toList();
    }

    static AttentionWay of(String word) {
        return Arrays.stream(values()).filter(way -> way.word.equals(word)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no way of attention: " + word));
    }

    @Override
    public String toString() {
        return word;
    }
}
