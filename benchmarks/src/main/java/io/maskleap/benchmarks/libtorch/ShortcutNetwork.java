package io.maskleap.benchmarks.libtorch;

import io.maskleap.architecture.maskgit.ShortcutConfig;
import io.maskleap.benchmarks.libtorch.Tensors.Flow;
import io.maskleap.benchmarks.libtorch.Transformer.Attention;
import io.maskleap.benchmarks.libtorch.Transformer.Mlp;
import io.maskleap.benchmarks.libtorch.Weights.Linear;
import io.maskleap.benchmarks.libtorch.Weights.Norm;
import io.maskleap.weights.TensorSource;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.bytedeco.pytorch.global.torch;

/** The shortcut of a MaskGIT by libtorch, one that has projections and embeds the time. Source: MIGM-Shortcut (Zhu et al. 2026). */
final class ShortcutNetwork {
    private static final int FREQUENCIES = 128;
    private static final double LONGEST_PERIOD = 10000;
    private static final double TIME_SCALE = 1000;

    private record Half(Norm norm, Linear queries, Linear keysAndValues, Linear out, Norm mlpNorm, Mlp mlp) {
        static Half of(Weights weights, String prefix) {
            var attention = Attention.of(weights, prefix + ".fn.mha");
            return new Half(weights.norm(prefix + ".norm"), attention.queries(), attention.keysAndValues(), attention.out(),
                    weights.norm(prefix + "_ff.norm"), Mlp.of(weights, prefix + "_ff.fn"));
        }
    }

    private record Block(Half cross, Half self) {
    }

    private final BaseNetwork base;
    private final Transformer transformer;
    private final Linear projectIn;
    private final Linear projectNewTokens;
    private final Linear projectOut;
    private final List<Block> blocks;
    private final Norm lastNorm;
    private final Linear lastLinear;
    private final Norm outNorm;
    private final Tensor frequencies;
    private final Linear timeUp;
    private final Linear timeDown;
    private final Linear modulation;

    ShortcutNetwork(ShortcutConfig config, BaseNetwork base, TensorSource source, AttentionWay way) {
        if (!config.projections() || !config.embedsTime()) {
            throw new IllegalArgumentException(source.path() + ": a shortcut without projections or time has no peer");
        }
        this.base = base;
        transformer = new Transformer(base.operands(), config.heads(), way);
        var weights = new Weights(source, base.operands());
        projectIn = weights.linear("proj_in");
        projectNewTokens = weights.linear("new_token_proj_in");
        projectOut = weights.linear("proj_out");
        blocks = IntStream.range(0, config.blocks()).mapToObj(i -> new Block(Half.of(weights, "blocks." + i + ".cross_attn"),
                Half.of(weights, "blocks." + i + ".self_attn"))).toList();
        lastNorm = weights.norm("last_layer.0");
        lastLinear = weights.linear("last_layer.1");
        outNorm = weights.norm("last_layer.3");
        var exponents = new float[FREQUENCIES];
        for (int i = 0; i < FREQUENCIES; i++) {
            exponents[i] = (float) Math.exp(-Math.log(LONGEST_PERIOD) * i / FREQUENCIES);
        }
        frequencies = Tensor.create(exponents, 1, FREQUENCIES);
        timeUp = weights.inFloat32().linear("time_embedder.mlp.0");
        timeDown = weights.inFloat32().linear("time_embedder.mlp.2");
        modulation = weights.inFloat32().linear("adaLN_modulation");
    }

    /**
     * f + S(f, x, t).
     *
     * @param feature      (S, T, C) float32, of one image
     * @param newIds       (n) int64
     * @param newPositions (n) int64
     * @param modulation   by time, as {@link #modulation} gives it
     */
    Tensor features(Tensor feature, Tensor newIds, Tensor newPositions, Tensor modulation) {
        var newTokens = Flow.of(base.embed(newIds, newPositions)).then(projectNewTokens::apply).get();     // (n, c)
        var x = Flow.of(transformer.linear(feature, projectIn)).then(e -> Transformer.cast(e, ScalarType.Float)).get();
        for (var block : blocks) {
            cross(x, block.cross, newTokens);
            self(x, block.self);
        }
        newTokens.close();
        var moved = Flow.of(x).then(e -> transformer.edge(e, lastNorm, lastLinear)).then(e -> outNorm.layer(e, Transformer.EDGE_EPS)).then(e -> modulate(e, modulation))
                .then(e -> transformer.linear(e, projectOut)).get();
        return Flow.of(moved).then(feature::add).get();
    }

    private void cross(Tensor x, Half half, Tensor newTokens) {
        var q = Flow.of(transformer.normed(x, half.norm, Transformer.LAYER_EPS)).then(half.queries::apply).get();
        var kv = Flow.of(half.keysAndValues.apply(newTokens)).then(e -> e.unsqueeze(0).expand(x.size(0), -1, -1)).get();
        transformer.attention(x, q, kv, half.out);
        q.close();
        kv.close();
        transformer.mlp(x, half.mlpNorm, half.mlp);
    }

    /** Keys and values are of x itself, not normalised. */
    private void self(Tensor x, Half half) {
        var q = Flow.of(transformer.normed(x, half.norm, Transformer.LAYER_EPS)).then(half.queries::apply).get();
        var kv = transformer.linear(x, half.keysAndValues);
        transformer.attention(x, q, kv, half.out);
        q.close();
        kv.close();
        transformer.mlp(x, half.mlpNorm, half.mlp);
    }

    /** Scale and shift by time, (1, 2c): nothing in it depends on the image. */
    Tensor modulation(double maskRatio) {
        var angles = frequencies.mul(Tensors.scalar(TIME_SCALE * maskRatio));
        return Flow.of(torch.cat(new TensorVector(angles.cos(), angles.sin()), -1)).then(timeUp::apply).then(torch::silu).then(timeDown::apply)
                .then(modulation::apply).get();
    }

    /** x (1 + scale) + shift. */
    private static Tensor modulate(Tensor x, Tensor modulation) {
        long c = modulation.size(1) / 2;
        return Flow.of(x.mul(modulation.narrow(1, 0, c).add(Tensors.scalar(1)))).then(e -> e.add_(modulation.narrow(1, c, c))).get();
    }
}
