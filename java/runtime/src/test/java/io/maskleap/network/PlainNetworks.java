package io.maskleap.network;

import io.maskleap.network.PlainOperations.Matrix;
import io.maskleap.weights.TensorSource;
import java.util.Arrays;

/** The networks as their specification reads, in {@link PlainOperations}. */
final class PlainNetworks {
    private final PlainOperations base;
    private final int heads;
    private final int length;

    /** @param length T, the tokens of a sequence */
    PlainNetworks(TensorSource base, int heads, int length, boolean bfloat16) {
        this.base = new PlainOperations(base, bfloat16);
        this.heads = heads;
        this.length = length;
    }

    /** Features (sequences * T, C) of ids (sequences, T). */
    Matrix features(int[] ids) {
        var x = base.embed("tok_emb.weight", ids);
        PlainOperations.add(x, positions(ids.length));
        x = base.linear(base.layerNorm(x, "first_layer.0", 1e-12), "first_layer.2");
        x = base.linear(base.layerNorm(base.gelu(x), "first_layer.4", 1e-12), "first_layer.6");
        for (int i = 0; base.has("transformer.layers." + i + ".0.norm.weight"); i++) {
            var prefix = "transformer.layers." + i;
            var h = base.layerNorm(x, prefix + ".0.norm", 1e-5);
            PlainOperations.add(x, attention(base, h, h, prefix + ".0.fn.mha", length, heads));
            PlainOperations.add(x, mlp(base, base.layerNorm(x, prefix + ".1.norm", 1e-5), prefix + ".1.fn"));
        }
        x = base.gelu(base.linear(base.layerNorm(x, "last_layer.0", 1e-12), "last_layer.2"));
        return base.layerNorm(x, "last_layer.4", 1e-12);
    }

    /** Logits without bias of all rows, the class token's included. */
    Matrix logits(Matrix features, int codebook) {
        return base.linear(features, "tok_emb.weight", null, 0, codebook);
    }

    private Matrix positions(int rows) {
        int[] all = new int[rows];
        Arrays.setAll(all, i -> i % length);
        var table = base.weight("pos_emb");
        int C = table.length / length;
        var out = new Matrix(rows, C);
        for (int r = 0; r < rows; r++) {
            System.arraycopy(table, all[r] * C, out.data(), r * C, C);
        }
        return out;
    }

    private static Matrix attention(PlainOperations w, Matrix q, Matrix kv, String prefix, int keys, int heads) {
        int c = q.columns();
        int queries = q.rows() / (kv.rows() / keys);
        var out = w.attention(w.linear(q, prefix + ".in_proj_weight", prefix + ".in_proj_bias", 0, c),
                w.linear(kv, prefix + ".in_proj_weight", prefix + ".in_proj_bias", c, c),
                w.linear(kv, prefix + ".in_proj_weight", prefix + ".in_proj_bias", 2 * c, c), queries, keys, heads);
        return w.linear(out, prefix + ".out_proj");
    }

    private static Matrix mlp(PlainOperations w, Matrix x, String prefix) {
        return w.linear(w.gelu(w.linear(x, prefix + ".net.0")), prefix + ".net.3");
    }

    /** f + S(f, x, t): features (sequences * T, C), new ids and their positions (sequences, n), mask ratios (sequences). */
    Matrix shortcut(TensorSource weights, int shortcutHeads, Matrix feature, int[] ids, int[] positions, float[] maskRatios) {
        var w = base.on(weights);
        boolean projected = w.has("proj_in.weight");
        int sequences = maskRatios.length;
        int n = ids.length / sequences;
        var e = base.embed("tok_emb.weight", ids);
        var table = base.weight("pos_emb");
        for (int i = 0; i < e.data().length; i++) {
            e.data()[i] += table[positions[i / e.columns()] * e.columns() + i % e.columns()];
        }
        e = projected ? w.linear(e, "new_token_proj_in") : e;
        var x = projected ? w.linear(feature, "proj_in") : new Matrix(feature.data().clone(), feature.rows(), feature.columns());
        for (int i = 0; w.has("blocks." + i + ".cross_attn.norm.weight"); i++) {
            var prefix = "blocks." + i;
            PlainOperations.add(x, attention(w, w.layerNorm(x, prefix + ".cross_attn.norm", 1e-5), e, prefix + ".cross_attn.fn.mha", n, shortcutHeads));
            PlainOperations.add(x, mlp(w, w.layerNorm(x, prefix + ".cross_attn_ff.norm", 1e-5), prefix + ".cross_attn_ff.fn"));
            PlainOperations.add(x, attention(w, w.layerNorm(x, prefix + ".self_attn.norm", 1e-5), x, prefix + ".self_attn.fn.mha", length, shortcutHeads));
            PlainOperations.add(x, mlp(w, w.layerNorm(x, prefix + ".self_attn_ff.norm", 1e-5), prefix + ".self_attn_ff.fn"));
        }
        x = w.layerNorm(w.gelu(w.linear(w.layerNorm(x, "last_layer.0", 1e-12), "last_layer.1")), "last_layer.3", 1e-12);
        if (w.has("adaLN_modulation.weight")) {
            modulate(x, w.inFloat32(), maskRatios);
        }
        x = projected ? w.linear(x, "proj_out") : x;
        PlainOperations.add(x, feature);
        return x;
    }

    private void modulate(Matrix x, PlainOperations w, float[] maskRatios) {
        var s = new Matrix(maskRatios.length, 256);
        for (int r = 0; r < s.rows(); r++) {
            for (int i = 0; i < 128; i++) {
                float angle = 1000 * maskRatios[r] * (float) Math.exp(-Math.log(10000) * i / 128);
                s.data()[r * 256 + i] = (float) Math.cos(angle);
                s.data()[r * 256 + 128 + i] = (float) Math.sin(angle);
            }
        }
        var z = w.linear(w.map(w.linear(s, "time_embedder.mlp.0"), PlainOperations::swish), "time_embedder.mlp.2");
        var m = w.linear(z, "adaLN_modulation");
        int c = x.columns();
        for (int i = 0; i < x.data().length; i++) {
            int r = i / c / length;
            x.data()[i] = x.data()[i] * (1 + m.at(r, i % c)) + m.at(r, c + i % c);
        }
    }

    /** Pixels (height * width, 3) of one image's codes. */
    static Matrix decode(TensorSource weights, int[] codes, boolean bfloat16) {
        var w = new PlainOperations(weights, bfloat16);
        int side = (int) Math.sqrt(codes.length);
        var x = w.linear(w.embed("quantize.embedding.weight", codes), "post_quant_conv");
        x = w.convolve(x, side, "decoder.conv_in");
        x = residual(w, x, side, "decoder.mid.block_1");
        x = wideAttention(w, x, "decoder.mid.attn_1");
        x = residual(w, x, side, "decoder.mid.block_2");
        int level = Blocks.count(weights, "decoder.up.", ".block.0.conv1.weight");
        while (level-- > 0) {
            var prefix = "decoder.up." + level;
            for (int j = 0; w.has(prefix + ".block." + j + ".conv1.weight"); j++) {
                x = residual(w, x, side, prefix + ".block." + j);
                if (w.has(prefix + ".attn." + j + ".norm.weight")) {
                    x = wideAttention(w, x, prefix + ".attn." + j);
                }
            }
            if (level > 0) {
                x = w.convolve(PlainOperations.upsample(x, side), 2 * side, prefix + ".upsample.conv");
                side *= 2;
            }
        }
        return w.convolve(w.groupNorm(x, "decoder.norm_out", 32, true), side, "decoder.conv_out");
    }

    private static Matrix residual(PlainOperations w, Matrix x, int side, String prefix) {
        var h = w.convolve(w.groupNorm(x, prefix + ".norm1", 32, true), side, prefix + ".conv1");
        h = w.convolve(w.groupNorm(h, prefix + ".norm2", 32, true), side, prefix + ".conv2");
        PlainOperations.add(h, w.has(prefix + ".nin_shortcut.weight") ? w.linear(x, prefix + ".nin_shortcut") : x);
        return h;
    }

    private static Matrix wideAttention(PlainOperations w, Matrix x, String prefix) {
        var h = w.groupNorm(x, prefix + ".norm", 32, false);
        var out = w.attention(w.linear(h, prefix + ".q"), w.linear(h, prefix + ".k"), w.linear(h, prefix + ".v"), x.rows(), x.rows(), 1);
        out = w.linear(out, prefix + ".proj_out");
        PlainOperations.add(out, x);
        return out;
    }
}
