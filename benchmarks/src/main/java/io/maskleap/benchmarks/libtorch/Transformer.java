package io.maskleap.benchmarks.libtorch;

import io.maskleap.benchmarks.libtorch.Tensors.Flow;
import io.maskleap.benchmarks.libtorch.Weights.Linear;
import io.maskleap.benchmarks.libtorch.Weights.Norm;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The parts of transformers that a MaskGIT and its shortcut share. The residual stream and what the norms compute are float32, what
 * products multiply is of one dtype: what PyTorch's autocast does, but with weights that are cast once.
 */
final class Transformer {
    static final double EDGE_EPS = 1e-12;
    static final double LAYER_EPS = 1e-5;

    private final ScalarType operands;
    private final int heads;
    private final AttentionWay way;

    Transformer(ScalarType operands, int heads, AttentionWay way) {
        this.operands = operands;
        this.heads = heads;
        this.way = way;
    }

    /** A multi-head attention's weights. */
    record Attention(Linear in, Linear out) {
        static Attention of(Weights weights, String prefix) {
            return new Attention(weights.linear(prefix + ".in_proj_weight", prefix + ".in_proj_bias"), weights.linear(prefix + ".out_proj"));
        }

        Linear queries() {
            return in.outputs(0, in.in());
        }

        Linear keysAndValues() {
            return in.outputs(in.in(), 2 * in.in());
        }
    }

    record Mlp(Linear up, Linear down) {
        static Mlp of(Weights weights, String prefix) {
            return new Mlp(weights.linear(prefix + ".net.0"), weights.linear(prefix + ".net.3"));
        }
    }

    /** x in another dtype, where it is not in that already; x is freed then. */
    static Tensor cast(Tensor x, ScalarType dtype) {
        return x.scalar_type() == dtype ? x.alias() : x.to(dtype);
    }

    /** norm(x) as an operand; x: (S, T, C) float32. */
    Tensor normed(Tensor x, Norm norm, double eps) {
        return Flow.of(norm.layer(x, eps)).then(h -> cast(h, operands)).get();
    }

    /** linear(x) of x itself. */
    Tensor linear(Tensor x, Linear layer) {
        return Flow.of(cast(x, operands)).then(layer::apply).get();
    }

    /** GELU(linear(norm(x))) as float32. */
    Tensor edge(Tensor x, Norm norm, Linear layer) {
        return Flow.of(normed(x, norm, EDGE_EPS)).then(layer::apply).then(torch::gelu).then(y -> cast(y, ScalarType.Float)).get();
    }

    /** x += mlp(norm(x)). */
    void mlp(Tensor x, Norm norm, Mlp mlp) {
        Flow.of(normed(x, norm, LAYER_EPS)).then(mlp.up::apply).then(torch::gelu).then(mlp.down::apply).into(x::add_);
    }

    /** x += attention(norm(x)), of every token to all of its sequence. */
    void selfAttention(Tensor x, Norm norm, Linear in, Linear out) {
        Flow.of(normed(x, norm, LAYER_EPS)).then(in::apply).then(qkv -> attend(qkv, 3, 0, qkv, 3, 1)).then(out::apply).into(x::add_);
    }

    /** x += attention(q, keys and values). */
    void attention(Tensor x, Tensor q, Tensor keysAndValues, Linear out) {
        Flow.of(attend(q, 1, 0, keysAndValues, 2, 0)).then(out::apply).into(x::add_);
    }

    /** (S, T, C): queries are one part of a product's columns, keys and values two parts of another's. */
    private Tensor attend(Tensor queries, int queryParts, int query, Tensor keys, int keyParts, int key) {
        return Flow.of(way.apply(heads(queries, queryParts, query), heads(keys, keyParts, key), heads(keys, keyParts, key + 1)))
                .then(out -> out.transpose(1, 2).reshape(queries.size(0), queries.size(1), -1)).get();
    }

    /** (S, heads, T, head_dim) of one of {@code parts} parts of (S, T, parts * C). */
    private Tensor heads(Tensor x, int parts, int part) {
        return x.view(x.size(0), x.size(1), parts, heads, -1).select(2, part).transpose(1, 2);
    }
}
