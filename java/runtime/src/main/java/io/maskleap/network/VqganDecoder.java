package io.maskleap.network;

import io.maskleap.device.Convolution;
import io.maskleap.device.DeviceContext;
import io.maskleap.device.DeviceStream;
import io.maskleap.device.Linear;
import io.maskleap.device.Workspace;
import io.maskleap.error.MaskleapException;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.EmbedCall;
import io.maskleap.kernel.GroupNormCall;
import io.maskleap.kernel.Tensor;
import io.maskleap.weights.TensorSource;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The decoder of taming transformers' VQGAN: codes to an image. Its activations are channels-last.
 * Source: Esser et al. 2021 (VQGAN). Immutable; shared by sessions.
 */
public final class VqganDecoder {
    private static final float EPS = 1e-6f;

    /** Norm, swish, convolution, twice; plus the input, through {@code skip} where the channels differ (else null). */
    private record Residual(NormWeights norm1, Convolution conv1, NormWeights norm2, Convolution conv2, Linear skip) {
    }

    /** One head as wide as the channels. */
    private record SelfAttention(NormWeights norm, Linear q, Linear k, Linear v, Linear out) {
    }

    /** Residual blocks, each followed by attention where there are any; then nearest upsampling and a convolution, or null. */
    private record Level(List<Residual> residuals, List<SelfAttention> attentions, Convolution upsample) {
    }

    private final VqganConfig config;
    private final Dtype dtype;
    private final Tensor codebook;
    private final Linear postQuant;
    private final Convolution convIn;
    private final Residual middle1;
    private final SelfAttention middleAttention;
    private final Residual middle2;
    private final List<Level> levels;
    private final NormWeights normOut;
    private final Convolution convOut;

    /**
     * Takes the weights from {@code source}, under the checkpoint's names.
     *
     * @param dtype of weights and activations
     * @throws MaskleapException where a tensor is missing or has another shape than {@code config} says
     */
    public VqganDecoder(DeviceContext device, VqganConfig config, TensorSource source, Dtype dtype) {
        this.config = config;
        this.dtype = dtype;
        var weights = new WeightReader(source, device, dtype);
        codebook = weights.matrix("quantize.embedding.weight", config.codebook(), config.embeddingChannels());
        postQuant = weights.pointwise("post_quant_conv", config.latentChannels(), config.embeddingChannels());
        long channels = config.middleChannels();
        convIn = weights.convolution("decoder.conv_in", channels, config.latentChannels());
        middle1 = residual(weights, "decoder.mid.block_1", channels, channels);
        middleAttention = attention(weights, "decoder.mid.attn_1", channels);
        middle2 = residual(weights, "decoder.mid.block_2", channels, channels);
        levels = new ArrayList<>();
        for (int l = config.levels().size() - 1; l >= 0; l--) {
            var level = config.levels().get(l);
            var prefix = "decoder.up." + l;
            var residuals = new ArrayList<Residual>();
            var attentions = new ArrayList<SelfAttention>();
            for (int j = 0; j < level.blocks(); j++) {
                residuals.add(residual(weights, prefix + ".block." + j, level.channels(), channels));
                channels = level.channels();
                if (level.attention()) {
                    attentions.add(attention(weights, prefix + ".attn." + j, channels));
                }
            }
            levels.add(new Level(residuals, attentions, l == 0 ? null : weights.convolution(prefix + ".upsample.conv", channels, channels)));
        }
        normOut = weights.norm("decoder.norm_out", channels);
        convOut = weights.convolution("decoder.conv_out", VqganConfig.RGB, channels);
    }

    private static Residual residual(WeightReader weights, String prefix, long out, long in) {
        return new Residual(weights.norm(prefix + ".norm1", in), weights.convolution(prefix + ".conv1", out, in),
                weights.norm(prefix + ".norm2", out), weights.convolution(prefix + ".conv2", out, out),
                in == out ? null : weights.pointwise(prefix + ".nin_shortcut", out, in));
    }

    private static SelfAttention attention(WeightReader weights, String prefix, long channels) {
        return new SelfAttention(weights.norm(prefix + ".norm", channels), weights.pointwise(prefix + ".q", channels, channels),
                weights.pointwise(prefix + ".k", channels, channels), weights.pointwise(prefix + ".v", channels, channels),
                weights.pointwise(prefix + ".proj_out", channels, channels));
    }

    public VqganConfig config() {
        return config;
    }

    /** Activations of the decoding of one image: buffers as large as the largest layer. */
    public static final class Activations {
        private final MemorySegment x;
        private final MemorySegment h;
        private final MemorySegment spare;
        private final MemorySegment q;
        private final MemorySegment k;
        private final MemorySegment v;
        private final MemorySegment scores;
        private final MemorySegment normScratch;

        /** Takes room for one image of {@code grid} x {@code grid} codes. */
        public Activations(Workspace workspace, VqganDecoder network, int grid) {
            var config = network.config;
            int bytes = network.dtype.bytes();
            long largest = config.largestActivation(grid) * bytes;
            x = workspace.bytes(largest);
            h = workspace.bytes(largest);
            spare = workspace.bytes(largest);
            long pixels = config.largestAttention(grid);
            long channels = config.widestAttention();
            q = workspace.bytes(pixels * channels * bytes);
            k = workspace.bytes(pixels * channels * bytes);
            v = workspace.bytes(pixels * channels * bytes);
            scores = workspace.bytes(pixels * pixels * bytes);
            normScratch = workspace.bytes(GroupNormCall.scratchBytes(1, VqganConfig.GROUPS));
        }
    }

    /** The activation that a pass has reached: which of two buffers holds it, and its size. */
    private final class Pass {
        private final DeviceStream stream;
        private final Activations a;
        private MemorySegment current;
        private MemorySegment other;
        private long height;
        private long width;
        private long channels;

        private Pass(DeviceStream stream, Activations a, int grid) {
            this.stream = stream;
            this.a = a;
            current = a.x;
            other = a.spare;
            height = grid;
            width = grid;
        }

        private Tensor tensor(MemorySegment buffer, long itsChannels) {
            return Tensor.of(buffer, dtype, height * width, itsChannels);
        }

        private Tensor x() {
            return tensor(current, channels);
        }

        private void swap() {
            var swapped = current;
            current = other;
            other = swapped;
        }

        private void norm(Tensor x, NormWeights norm, Tensor y, boolean swish) {
            stream.kernels().groupNorm(new GroupNormCall(x, norm.gamma(), norm.beta(), y, 1, VqganConfig.GROUPS, EPS, swish, a.normScratch));
        }

        private void normSwish(Tensor x, NormWeights norm, Tensor y) {
            norm(x, norm, y, true);
        }

        private void residual(Residual block) {
            long out = block.conv1.out();
            var h = tensor(a.h, channels);
            normSwish(x(), block.norm1, h);                              // (pixels, in)
            if (block.skip == null) {
                var y = tensor(other, out);
                stream.convolve(h, block.conv1, y, height, width);       // (pixels, out)
                normSwish(y, block.norm2, y);
                stream.addConvolve(y, block.conv2, x(), height, width);
                return;
            }
            var sum = tensor(other, out);
            stream.linear(x(), block.skip, sum, height * width);         // (pixels, out)
            var y = tensor(current, out);                                // the input is not needed any more
            stream.convolve(h, block.conv1, y, height, width);
            normSwish(y, block.norm2, y);
            stream.addConvolve(y, block.conv2, sum, height, width);
            swap();
            channels = out;
        }

        private void attention(SelfAttention attention) {
            long pixels = height * width;
            var h = tensor(a.h, channels);
            var q = tensor(a.q, channels);
            var k = tensor(a.k, channels);
            var v = tensor(a.v, channels);
            var scores = Tensor.of(a.scores, dtype, pixels, pixels);
            norm(x(), attention.norm, h, false);
            stream.linear(h, attention.q, q, pixels);
            stream.linear(h, attention.k, k, pixels);
            stream.linear(h, attention.v, v, pixels);
            stream.productTransposed(q, k, scores);                      // (pixels, pixels)
            stream.kernels().softmaxRows(scores, (float) (1 / Math.sqrt(channels)));
            stream.product(scores, v, h);                                // (pixels, channels)
            stream.addLinear(h, attention.out, x(), pixels);
        }

        private void convolve(Convolution convolution) {
            stream.convolve(x(), convolution, tensor(other, convolution.out()), height, width);
            swap();
            channels = convolution.out();
        }

        private void upsample(Convolution convolution) {
            var small = x();
            var large = Tensor.of(other, dtype, 4 * small.rows(), channels);
            stream.kernels().upsampleNearest2x(small, large, 1, height, width);
            swap();
            height *= 2;
            width *= 2;
            convolve(convolution);
        }
    }

    /**
     * One image: codes to pixels.
     *
     * @param codes (grid, grid) int32, each 0 to codebook - 1
     * @return (height * width, 3), nominally -1 to 1; valid until the next call with these activations
     */
    public Tensor decode(DeviceStream stream, MemorySegment codes, int grid, Activations a) {
        var pass = new Pass(stream, a, grid);
        var embedded = Tensor.of(a.h, dtype, (long) grid * grid, config.embeddingChannels());
        stream.kernels().embed(new EmbedCall(1, embedded.rows(), embedded.rows(), codes, MemorySegment.NULL, MemorySegment.NULL, codebook, null, embedded));
        pass.channels = config.latentChannels();
        stream.linear(embedded, postQuant, pass.x(), embedded.rows());
        pass.convolve(convIn);
        pass.residual(middle1);
        pass.attention(middleAttention);
        pass.residual(middle2);
        for (var level : levels) {
            for (int j = 0; j < level.residuals.size(); j++) {
                pass.residual(level.residuals.get(j));
                if (!level.attentions.isEmpty()) {
                    pass.attention(level.attentions.get(j));
                }
            }
            if (level.upsample != null) {
                pass.upsample(level.upsample);
            }
        }
        pass.normSwish(pass.x(), normOut, pass.x());
        pass.convolve(convOut);
        return pass.x();
    }
}
