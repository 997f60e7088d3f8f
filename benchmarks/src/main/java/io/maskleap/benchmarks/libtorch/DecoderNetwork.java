package io.maskleap.benchmarks.libtorch;

import io.maskleap.benchmarks.libtorch.Tensors.Flow;
import io.maskleap.benchmarks.libtorch.Weights.Convolution;
import io.maskleap.benchmarks.libtorch.Weights.Norm;
import io.maskleap.network.VqganConfig;
import io.maskleap.weights.TensorSource;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The decoder of taming transformers' VQGAN by libtorch, in either memory format. Source: Esser et al. 2021 (VQGAN). */
final class DecoderNetwork {
    private static final long GROUPS = 32;
    private static final double EPS = 1e-6;

    private record Residual(Norm norm1, Convolution conv1, Norm norm2, Convolution conv2, Convolution skip) {
    }

    private record Attention(Norm norm, Convolution q, Convolution k, Convolution v, Convolution out) {
    }

    private record Level(List<Residual> residuals, List<Attention> attentions, Convolution upsample) {
    }

    private final Weights weights;
    private final ScalarType dtype;
    private final boolean channelsLast;
    private final Tensor codebook;
    private final Convolution postQuant;
    private final Convolution convIn;
    private final Residual middle1;
    private final Attention middleAttention;
    private final Residual middle2;
    private final List<Level> levels = new ArrayList<>();
    private final Norm normOut;
    private final Convolution convOut;

    DecoderNetwork(VqganConfig config, TensorSource source, ScalarType dtype, boolean channelsLast) {
        weights = new Weights(source, dtype);
        this.dtype = dtype;
        this.channelsLast = channelsLast;
        codebook = weights.operand("quantize.embedding.weight");
        postQuant = convolution("post_quant_conv");
        convIn = convolution("decoder.conv_in");
        middle1 = residual("decoder.mid.block_1");
        middleAttention = attention("decoder.mid.attn_1");
        middle2 = residual("decoder.mid.block_2");
        for (int l = config.levels().size() - 1; l >= 0; l--) {
            var level = config.levels().get(l);
            var prefix = "decoder.up." + l;
            var residuals = IntStream.range(0, level.blocks()).mapToObj(j -> residual(prefix + ".block." + j)).toList();
            var attentions = IntStream.range(0, level.attention() ? level.blocks() : 0).mapToObj(j -> attention(prefix + ".attn." + j)).toList();
            levels.add(new Level(residuals, attentions, l == 0 ? null : convolution(prefix + ".upsample.conv")));
        }
        normOut = weights.norm("decoder.norm_out", dtype);
        convOut = convolution("decoder.conv_out");
    }

    private Convolution convolution(String prefix) {
        return weights.convolution(prefix, channelsLast);
    }

    private Residual residual(String prefix) {
        return new Residual(weights.norm(prefix + ".norm1", dtype), convolution(prefix + ".conv1"), weights.norm(prefix + ".norm2", dtype),
                convolution(prefix + ".conv2"), weights.has(prefix + ".nin_shortcut.weight") ? convolution(prefix + ".nin_shortcut") : null);
    }

    private Attention attention(String prefix) {
        return new Attention(weights.norm(prefix + ".norm", dtype), convolution(prefix + ".q"), convolution(prefix + ".k"), convolution(prefix + ".v"),
                convolution(prefix + ".proj_out"));
    }

    /** codes: (grid * grid) int64; (1, 3, height, width). */
    Tensor decode(Tensor codes, int grid) {
        var x = Flow.of(codebook.index_select(0, codes)).then(e -> e.view(1, grid, grid, -1).permute(0, 3, 1, 2))
                .then(e -> e.contiguous(channelsLast ? MemoryFormat.ChannelsLast : MemoryFormat.Contiguous))
                .then(postQuant::apply).then(convIn::apply)
                .then(e -> residual(e, middle1)).then(e -> attention(e, middleAttention)).then(e -> residual(e, middle2));
        for (var level : levels) {
            for (int j = 0; j < level.residuals.size(); j++) {
                var residual = level.residuals.get(j);
                x.then(e -> residual(e, residual));
                if (!level.attentions.isEmpty()) {
                    var attention = level.attentions.get(j);
                    x.then(e -> attention(e, attention));
                }
            }
            if (level.upsample != null) {
                x.then(DecoderNetwork::upsample).then(level.upsample::apply);
            }
        }
        return x.then(e -> normSwish(e, normOut)).then(convOut::apply).get();
    }

    private static Tensor upsample(Tensor x) {
        return torch.upsample_nearest2d(x, new long[] {2 * x.size(2), 2 * x.size(3)}, new DoubleOptional(), new DoubleOptional());
    }

    private static Tensor normSwish(Tensor x, Norm norm) {
        return Flow.of(norm.group(x, GROUPS, EPS)).then(torch::silu_).get();
    }

    private static Tensor residual(Tensor x, Residual block) {
        var h = Flow.of(normSwish(x, block.norm1)).then(block.conv1::apply).then(e -> normSwish(e, block.norm2)).then(block.conv2::apply);
        return block.skip == null ? h.then(e -> e.add_(x)).get() : h.then(e -> e.add_(block.skip.apply(x))).get();
    }

    /** One head as wide as the channels. */
    private static Tensor attention(Tensor x, Attention attention) {
        long C = x.size(1);
        long pixels = x.size(2) * x.size(3);
        var h = attention.norm.group(x, GROUPS, EPS);
        var q = rows(attention.q.apply(h), C, pixels);
        var k = rows(attention.k.apply(h), C, pixels);
        var v = rows(attention.v.apply(h), C, pixels);
        h.close();
        var attended = Flow.of(q).then(e -> torch.matmul(e, k.transpose(1, 2))).then(e -> torch.softmax(e.mul_(Tensors.scalar(1 / Math.sqrt(C))), -1))
                .then(e -> torch.matmul(e, v)).get();
        k.close();
        v.close();
        return Flow.of(attended).then(e -> e.view(1, x.size(2), x.size(3), C).permute(0, 3, 1, 2)).then(attention.out::apply).then(e -> e.add_(x)).get();
    }

    /** (1, pixels, C) of (1, C, height, width). */
    private static Tensor rows(Tensor x, long C, long pixels) {
        return Flow.of(x).then(e -> e.permute(0, 2, 3, 1).reshape(1, pixels, C)).get();
    }
}
