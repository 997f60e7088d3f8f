package io.maskleap.benchmarks;

import io.maskleap.architecture.maskgit.MaskGitConfig;
import io.maskleap.architecture.maskgit.ShortcutConfig;
import io.maskleap.network.VqganConfig;
import io.maskleap.weights.RawTensor;
import io.maskleap.weights.StoredDtype;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;

/**
 * Random tensors of a network, under the names that its checkpoint has. Each depends on its name and the seed alone, and is the same
 * number for number in float32 and in bfloat16.
 *
 * <p>Matrices, embeddings and biases have a deviation of {@value #DEVIATION}, norms have weight 1 and bias 0: what trainings begin with,
 * and with which activations neither vanish nor explode over 24 layers.
 */
final class RandomWeights {
    private static final double DEVIATION = 0.02;
    private static final int TIME_SINUSOIDS = 256;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** A sum of four numbers of 16 bits: its mean, and its deviation. */
    private static final long SUM_MEAN = 4 * 65535 / 2;
    private static final double SUM_DEVIATION = 65536 / Math.sqrt(3);

    private final long seed;
    private final StoredDtype operands;
    private final Arena memory;
    private final List<RawTensor> tensors = new ArrayList<>();

    /**
     * @param operands what matrices are stored in: F32 or BF16
     * @param memory   what the tensors live in
     */
    RandomWeights(long seed, StoredDtype operands, Arena memory) {
        this.seed = seed;
        this.operands = operands;
        this.memory = memory;
    }

    /** The tensors of a base network. */
    List<RawTensor> base(MaskGitConfig config) {
        int C = config.channels();
        operand("tok_emb.weight", config.vocabulary(), C);
        operand("pos_emb", 1, config.sequenceLength(), C);
        norm("first_layer.0", C);
        linear("first_layer.2", C, C);
        norm("first_layer.4", C);
        linear("first_layer.6", C, C);
        for (int i = 0; i < config.layers(); i++) {
            var layer = "transformer.layers." + i;
            norm(layer + ".0.norm", C);
            attention(layer + ".0.fn.mha", C);
            norm(layer + ".1.norm", C);
            mlp(layer + ".1.fn", C, config.mlp());
        }
        norm("last_layer.0", C);
        linear("last_layer.2", C, C);
        norm("last_layer.4", C);
        float32("bias", config.sequenceLength(), config.vocabulary());
        return tensors;
    }

    /** The tensors of a shortcut that has projections and embeds the time. */
    List<RawTensor> shortcut(ShortcutConfig config) {
        int C = config.baseChannels();
        int c = config.channels();
        linear("proj_in", c, C);
        linear("new_token_proj_in", c, C);
        linear("proj_out", C, c);
        for (int i = 0; i < config.blocks(); i++) {
            for (var part : List.of("cross_attn", "self_attn")) {
                var prefix = "blocks." + i + "." + part;
                norm(prefix + ".norm", c);
                attention(prefix + ".fn.mha", c);
                norm(prefix + "_ff.norm", c);
                mlp(prefix + "_ff.fn", c, config.mlp());
            }
        }
        norm("last_layer.0", c);
        linear("last_layer.1", c, c);
        norm("last_layer.3", c);
        linearInFloat32("time_embedder.mlp.0", config.timeHidden(), TIME_SINUSOIDS);
        linearInFloat32("time_embedder.mlp.2", c, config.timeHidden());
        linearInFloat32("adaLN_modulation", 2L * c, c);
        return tensors;
    }

    /** The tensors of a decoder. */
    List<RawTensor> decoder(VqganConfig config) {
        int channels = config.middleChannels();
        operand("quantize.embedding.weight", config.codebook(), config.embeddingChannels());
        convolution("post_quant_conv", config.latentChannels(), config.embeddingChannels(), 1);
        convolution("decoder.conv_in", channels, config.latentChannels(), 3);
        residual("decoder.mid.block_1", channels, channels);
        imageAttention("decoder.mid.attn_1", channels);
        residual("decoder.mid.block_2", channels, channels);
        for (int l = config.levels().size() - 1; l >= 0; l--) {
            var level = config.levels().get(l);
            var prefix = "decoder.up." + l;
            for (int j = 0; j < level.blocks(); j++) {
                residual(prefix + ".block." + j, level.channels(), channels);
                channels = level.channels();
                if (level.attention()) {
                    imageAttention(prefix + ".attn." + j, channels);
                }
            }
            if (l > 0) {
                convolution(prefix + ".upsample.conv", channels, channels, 3);
            }
        }
        norm("decoder.norm_out", channels);
        convolution("decoder.conv_out", VqganConfig.RGB, channels, 3);
        return tensors;
    }

    // ---- parts of networks ----

    private void norm(String prefix, long channels) {
        add(prefix + ".weight", StoredDtype.F32, () -> 1, channels);
        add(prefix + ".bias", StoredDtype.F32, () -> 0, channels);
    }

    private void linear(String prefix, long out, long in) {
        operand(prefix + ".weight", out, in);
        float32(prefix + ".bias", out);
    }

    private void linearInFloat32(String prefix, long out, long in) {
        float32(prefix + ".weight", out, in);
        float32(prefix + ".bias", out);
    }

    private void attention(String prefix, long channels) {
        operand(prefix + ".in_proj_weight", 3 * channels, channels);
        float32(prefix + ".in_proj_bias", 3 * channels);
        linear(prefix + ".out_proj", channels, channels);
    }

    private void mlp(String prefix, long channels, long hidden) {
        linear(prefix + ".net.0", hidden, channels);
        linear(prefix + ".net.3", channels, hidden);
    }

    private void convolution(String prefix, long out, long in, long taps) {
        operand(prefix + ".weight", out, in, taps, taps);
        float32(prefix + ".bias", out);
    }

    private void residual(String prefix, long out, long in) {
        norm(prefix + ".norm1", in);
        convolution(prefix + ".conv1", out, in, 3);
        norm(prefix + ".norm2", out);
        convolution(prefix + ".conv2", out, out, 3);
        if (in != out) {
            convolution(prefix + ".nin_shortcut", out, in, 1);
        }
    }

    private void imageAttention(String prefix, long channels) {
        norm(prefix + ".norm", channels);
        for (var part : List.of("q", "k", "v", "proj_out")) {
            convolution(prefix + "." + part, channels, channels, 1);
        }
    }

    // ---- tensors ----

    /** What products multiply. */
    private void operand(String name, long... shape) {
        add(name, operands, normal(name), shape);
    }

    /** What is added, or multiplied in float32 in any case. */
    private void float32(String name, long... shape) {
        add(name, StoredDtype.F32, normal(name), shape);
    }

    /** About normal, up to 3.5 deviations: the sum of four uniform numbers, all of one draw. */
    private DoubleSupplier normal(String name) {
        var random = new SplittableRandom(seed << Integer.SIZE ^ name.hashCode());
        return () -> {
            long bits = random.nextLong();
            long sum = (bits & 0xFFFF) + (bits >>> 16 & 0xFFFF) + (bits >>> 32 & 0xFFFF) + (bits >>> 48);
            return (sum - SUM_MEAN) / SUM_DEVIATION * DEVIATION;
        };
    }

    private void add(String name, StoredDtype dtype, DoubleSupplier values, long... shape) {
        long count = Arrays.stream(shape).reduce(1, Math::multiplyExact);
        var data = memory.allocate(count * dtype.byteSize(), Long.BYTES);
        for (long i = 0; i < count; i++) {
            set(data, dtype, i, (float) values.getAsDouble());
        }
        tensors.add(new RawTensor(name, dtype, Arrays.stream(shape).boxed().toList(), data));
    }

    /** Writes the bfloat16 below {@code value}, in either dtype. */
    private static void set(MemorySegment data, StoredDtype dtype, long index, float value) {
        int upperHalf = Float.floatToRawIntBits(value) >>> Short.SIZE;
        if (dtype == StoredDtype.BF16) {
            data.setAtIndex(SHORT, index, (short) upperHalf);
        } else {
            data.setAtIndex(FLOAT, index, Float.intBitsToFloat(upperHalf << Short.SIZE));
        }
    }
}
