package io.maskleap.benchmarks.libtorch;

import io.maskleap.architecture.maskgit.MaskGitConfig;
import io.maskleap.benchmarks.libtorch.Tensors.Flow;
import io.maskleap.benchmarks.libtorch.Transformer.Attention;
import io.maskleap.benchmarks.libtorch.Transformer.Mlp;
import io.maskleap.benchmarks.libtorch.Weights.Linear;
import io.maskleap.benchmarks.libtorch.Weights.Norm;
import io.maskleap.weights.TensorSource;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.bytedeco.pytorch.global.torch;

/** MaskGIT's base network and head by libtorch. Source: Chang et al. 2022, in the form of valeoai's MaskGIT-pytorch. */
final class BaseNetwork {
    private record Layer(Norm norm, Attention attention, Norm mlpNorm, Mlp mlp) {
    }

    private final MaskGitConfig config;
    private final ScalarType operands;
    private final Transformer transformer;
    private final Tensor tokenEmbedding;
    private final Tensor positionEmbedding;
    private final Norm firstNorm;
    private final Linear firstLinear;
    private final Norm secondNorm;
    private final Linear secondLinear;
    private final List<Layer> layers;
    private final Norm lastNorm;
    private final Linear lastLinear;
    private final Norm featureNorm;
    private final Tensor head;
    private final Tensor headBias;

    /** @param layerCount of its layers, so many run: all of them but in a trial */
    BaseNetwork(MaskGitConfig config, TensorSource source, ScalarType operands, AttentionWay way, int layerCount) {
        this.config = config;
        this.operands = operands;
        transformer = new Transformer(operands, config.heads(), way);
        var weights = new Weights(source, operands);
        tokenEmbedding = weights.operand("tok_emb.weight");
        positionEmbedding = weights.operand("pos_emb");
        firstNorm = weights.norm("first_layer.0");
        firstLinear = weights.linear("first_layer.2");
        secondNorm = weights.norm("first_layer.4");
        secondLinear = weights.linear("first_layer.6");
        layers = IntStream.range(0, layerCount).mapToObj(i -> layer(weights, "transformer.layers." + i)).toList();
        lastNorm = weights.norm("last_layer.0");
        lastLinear = weights.linear("last_layer.2");
        featureNorm = weights.norm("last_layer.4");
        head = tokenEmbedding.narrow(0, 0, config.codebook());
        headBias = weights.float32("bias").narrow(0, 0, config.tokens()).narrow(1, 0, config.codebook());
    }

    private static Layer layer(Weights weights, String prefix) {
        return new Layer(weights.norm(prefix + ".0.norm"), Attention.of(weights, prefix + ".0.fn.mha"), weights.norm(prefix + ".1.norm"),
                Mlp.of(weights, prefix + ".1.fn"));
    }

    MaskGitConfig config() {
        return config;
    }

    ScalarType operands() {
        return operands;
    }

    /** (n, C) of (n) ids and their positions. */
    Tensor embed(Tensor ids, Tensor positions) {
        return Flow.of(tokenEmbedding.index_select(0, ids)).then(e -> e.add_(positionEmbedding.select(0, 0).index_select(0, positions))).get();
    }

    /** ids: (S, T) int64; (S, T, C) float32. */
    Tensor features(Tensor ids) {
        var embedded = Flow.of(torch.embedding(tokenEmbedding, ids)).then(e -> Transformer.cast(e, ScalarType.Float)).then(e -> e.add(positionEmbedding)).get();
        var x = Flow.of(embedded).then(e -> transformer.edge(e, firstNorm, firstLinear))
                .then(e -> transformer.normed(e, secondNorm, Transformer.EDGE_EPS)).then(secondLinear::apply)
                .then(e -> Transformer.cast(e, ScalarType.Float)).get();
        for (var layer : layers) {
            transformer.selfAttention(x, layer.norm, layer.attention.in(), layer.attention.out());
            transformer.mlp(x, layer.mlpNorm, layer.mlp);
        }
        return Flow.of(x).then(e -> transformer.edge(e, lastNorm, lastLinear)).then(e -> featureNorm.layer(e, Transformer.EDGE_EPS)).get();
    }

    /** The head on grid positions (n) of features (S, T, C); (S, n, K) float32, without the bias. */
    Tensor logits(Tensor features, Tensor positions) {
        return Flow.of(features.index_select(1, positions)).then(rows -> Transformer.cast(rows, operands)).then(rows -> torch.linear(rows, head))
                .then(logits -> Transformer.cast(logits, ScalarType.Float)).get();
    }

    /** (n, K) of grid positions (n). */
    Tensor headBias(Tensor positions) {
        return headBias.index_select(0, positions);
    }
}
