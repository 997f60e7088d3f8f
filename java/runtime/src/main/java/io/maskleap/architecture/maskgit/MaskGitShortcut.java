package io.maskleap.architecture.maskgit;

import static io.maskleap.kernel.Dtype.F32;

import io.maskleap.device.DeviceContext;
import io.maskleap.device.DeviceStream;
import io.maskleap.device.Linear;
import io.maskleap.device.Workspace;
import io.maskleap.error.MaskleapException;
import io.maskleap.kernel.Activation;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.EmbedCall;
import io.maskleap.kernel.Heads;
import io.maskleap.kernel.Tensor;
import io.maskleap.network.AttentionWeights;
import io.maskleap.network.MlpWeights;
import io.maskleap.network.NewTokens;
import io.maskleap.network.NormWeights;
import io.maskleap.network.Sequences;
import io.maskleap.network.WeightReader;
import io.maskleap.weights.TensorSource;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The MaskGIT shortcut: moves the last features one step on, attending to the tokens just sampled: f' = f + S(f, x, t).
 * Source: MIGM-Shortcut (Zhu et al. 2026, arXiv 2602.23996). Immutable; shared by sessions.
 */
public final class MaskGitShortcut {
    private static final float LAYER_EPS = 1e-5f;
    private static final float LAST_EPS = 1e-12f;
    private static final int TIME_SINUSOIDS = 256;

    private record Block(NormWeights crossNorm, AttentionWeights cross, NormWeights crossMlpNorm, MlpWeights crossMlp, NormWeights selfNorm, AttentionWeights self, NormWeights selfMlpNorm, MlpWeights selfMlp) {
    }

    /** Projections of features, new tokens, and back. */
    private record Projections(Linear in, Linear newTokens, Linear out) {
    }

    /** The time embedding's MLP and the modulation made of it. */
    private record Time(Linear up, Linear down, Linear modulation) {
    }

    private final ShortcutConfig config;
    private final MaskGit base;
    private final Dtype operands;
    private final Projections projections;
    private final List<Block> blocks;
    private final NormWeights lastNorm;
    private final Linear lastLinear;
    private final NormWeights outNorm;
    private final Time time;

    /**
     * Takes the weights from {@code source}, under the checkpoint's names; the embeddings, and the dtype of what is multiplied,
     * are those of {@code base}.
     *
     * @throws MaskleapException where a tensor is missing or has another shape than {@code config} says
     */
    public MaskGitShortcut(DeviceContext device, ShortcutConfig config, MaskGit base, TensorSource source) {
        this.config = config;
        this.base = base;
        operands = base.operands();
        var weights = new WeightReader(source, device, operands);
        int C = config.baseChannels();
        int c = config.channels();
        if (C != base.config().channels()) {
            throw new MaskleapException(source.path() + ": is for a base of " + C + " channels, this one has " + base.config().channels());
        }
        projections = config.projections()
                ? new Projections(weights.linear("proj_in", c, C), weights.linear("new_token_proj_in", c, C), weights.linear("proj_out", C, c))
                : null;
        blocks = new ArrayList<>();
        for (int i = 0; i < config.blocks(); i++) {
            var prefix = "blocks." + i;
            blocks.add(new Block(weights.norm(prefix + ".cross_attn.norm", c), weights.attention(prefix + ".cross_attn.fn.mha", c),
                    weights.norm(prefix + ".cross_attn_ff.norm", c), weights.mlp(prefix + ".cross_attn_ff.fn", c, config.mlp()),
                    weights.norm(prefix + ".self_attn.norm", c), weights.attention(prefix + ".self_attn.fn.mha", c),
                    weights.norm(prefix + ".self_attn_ff.norm", c), weights.mlp(prefix + ".self_attn_ff.fn", c, config.mlp())));
        }
        lastNorm = weights.norm("last_layer.0", c);
        lastLinear = weights.linear("last_layer.1", c, c).then(Activation.GELU_ERF);
        outNorm = weights.norm("last_layer.3", c);
        time = config.embedsTime() ? time(weights.inFloat32()) : null;
    }

    /** A few rows in all: float32 costs nothing here, and sinusoids of up to 1000 radians want it. */
    private Time time(WeightReader weights) {
        int c = config.channels();
        return new Time(weights.linear("time_embedder.mlp.0", config.timeHidden(), TIME_SINUSOIDS).then(Activation.SILU),
                weights.linear("time_embedder.mlp.2", c, config.timeHidden()), weights.linear("adaLN_modulation", 2L * c, c));
    }

    public ShortcutConfig config() {
        return config;
    }

    /** Scales and shifts by time: a row for each of some mask ratios. Nothing depends on the image, so those of all steps can be computed at once. */
    public static final class Modulations {
        /** Ratios that go through the time embedding's MLP together. */
        private static final int ROWS = 32;

        private final Tensor sinusoids;
        private final Tensor hidden;
        private final Tensor embedding;
        private final Tensor all;

        /** Takes room for those of {@code count} mask ratios. */
        public Modulations(Workspace workspace, MaskGitShortcut network, int count) {
            int c = network.config.channels();
            int rows = Math.min(count, ROWS);
            sinusoids = workspace.tensor(F32, rows, TIME_SINUSOIDS);
            hidden = workspace.tensor(F32, rows, network.config.timeHidden());
            embedding = workspace.tensor(F32, rows, c);
            all = workspace.tensor(F32, count, 2L * c);
        }

        /** Those of {@code count} ratios from {@code first} on: (count, 2C') float32. */
        public Tensor rows(int first, int count) {
            return all.rows(first, count);
        }
    }

    /** Activations of one shortcut step. */
    public static final class Activations {
        private final Tensor residual;
        private final Tensor feature;
        private final Tensor hidden;
        private final Tensor delta;
        private final Tensor queries;
        private final Tensor keysAndValues;
        private final Tensor mlp;
        private final Tensor embedded;
        private final Tensor newTokens;
        private final Tensor newKeysAndValues;

        /** Takes room for {@code rows} rows and {@code newTokens} tokens. */
        public Activations(Workspace workspace, MaskGitShortcut network, long rows, long newTokens) {
            var config = network.config;
            var operands = network.operands;
            int c = config.channels();
            residual = workspace.tensor(F32, rows, c);
            feature = workspace.tensor(operands, operands == F32 ? 0 : rows, config.baseChannels());
            hidden = workspace.tensor(operands, rows, c);
            delta = workspace.tensor(operands, rows, c);
            queries = workspace.tensor(operands, rows, c);
            keysAndValues = workspace.tensor(operands, rows, 2L * c);
            mlp = workspace.tensor(operands, rows, config.mlp());
            embedded = workspace.tensor(operands, newTokens, config.baseChannels());
            this.newTokens = workspace.tensor(operands, newTokens, c);
            newKeysAndValues = workspace.tensor(operands, newTokens, 2L * c);
        }
    }

    /** Whether a step depends on the time: then it wants a modulation. */
    public boolean embedsTime() {
        return time != null;
    }

    /**
     * Computes the modulations of the first {@code count} ratios; where the time counts.
     *
     * @param maskRatios (count) float32, device: masked part of the tokens before a step
     */
    public void modulations(DeviceStream stream, MemorySegment maskRatios, int count, Modulations m) {
        for (int first = 0; first < count; first += Modulations.ROWS) {
            int rows = Math.min(Modulations.ROWS, count - first);
            var sinusoids = m.sinusoids.rows(0, rows);
            var hidden = m.hidden.rows(0, rows);
            var embedding = m.embedding.rows(0, rows);
            stream.kernels().timeEmbedding(maskRatios.asSlice((long) first * Float.BYTES, (long) rows * Float.BYTES), sinusoids);
            stream.linear(sinusoids, time.up, hidden, 1);
            stream.linear(hidden, time.down, embedding, 1);
            stream.linear(embedding, time.modulation, m.rows(first, rows), 1);
        }
    }

    /**
     * One shortcut step: f += S(f, x, t).
     *
     * @param feature    in and out (sequences * T, C) float32
     * @param modulation (1, 2C') float32 for all images or (images, 2C'); looked at only where the time counts
     */
    public void forward(DeviceStream stream, Tensor feature, Sequences sequences, NewTokens tokens, Tensor modulation, Activations a) {
        var kernels = stream.kernels();
        long N = sequences.rows();
        long perImage = sequences.rowsPerImage();
        int c = config.channels();
        var x = a.residual.rows(0, N);              // (N, C') float32, the residual stream
        var h = a.hidden.rows(0, N);                // (N, C')
        var d = a.delta.rows(0, N);                 // (N, C'), what the residual stream is to gain next
        var q = a.queries.rows(0, N);               // (N, C')
        var kv = a.keysAndValues.rows(0, N);        // (N, 2C')
        var m = a.mlp.rows(0, N);                   // (N, mlp)
        var heads = Heads.of(config.heads(), config.headDim());
        var toThemselves = sequences.toThemselves();
        var toNewTokens = sequences.toKeys(tokens.keyOffsets(), tokens.keyCounts(), tokens.capacity());

        var e = embed(stream, tokens, sequences.images(), a);                                            // (images * n, C')
        var newKv = a.newKeysAndValues.rows(0, e.rows());                                           // (images * n, 2C')
        if (projections == null) {
            stream.copy(feature, x);
        } else {
            stream.linear(operand(stream, feature, a.feature), projections.in, x, perImage);
        }
        Tensor pending = null;
        for (var block : blocks) {
            kernels.addLayerNorm(x, pending, block.crossNorm.gamma(), block.crossNorm.beta(), h, LAYER_EPS);
            stream.linear(h, block.cross.queries(), q, perImage);
            stream.linear(e, block.cross.keysAndValues(), newKv, tokens.capacity());
            kernels.crossAttention(q, newKv.columns(0, c), newKv.columns(c, c), h, toNewTokens, heads, heads.scale());
            stream.linear(h, block.cross.outProjection(), d, perImage);
            kernels.addLayerNorm(x, d, block.crossMlpNorm.gamma(), block.crossMlpNorm.beta(), h, LAYER_EPS);
            stream.linear(h, block.crossMlp.up(), m, perImage);
            stream.linear(m, block.crossMlp.down(), d, perImage);

            kernels.addLayerNorm(x, d, block.selfNorm.gamma(), block.selfNorm.beta(), h, LAYER_EPS);
            stream.linear(h, block.self.queries(), q, perImage);
            stream.linear(operand(stream, x, h), block.self.keysAndValues(), kv, perImage);                 // of x itself: k and v are not normalised
            kernels.attention(q, kv.columns(0, c), kv.columns(c, c), h, toThemselves, heads, heads.scale());
            stream.linear(h, block.self.outProjection(), d, perImage);
            kernels.addLayerNorm(x, d, block.selfMlpNorm.gamma(), block.selfMlpNorm.beta(), h, LAYER_EPS);
            stream.linear(h, block.selfMlp.up(), m, perImage);
            stream.linear(m, block.selfMlp.down(), d, perImage);
            pending = d;
        }
        kernels.addLayerNorm(x, pending, lastNorm.gamma(), lastNorm.beta(), h, LAST_EPS);
        stream.linear(h, lastLinear, x, perImage);
        if (time == null) {
            kernels.addLayerNorm(x, null, outNorm.gamma(), outNorm.beta(), h, LAST_EPS);
        } else {
            kernels.addLayerNorm(x, null, outNorm.gamma(), outNorm.beta(), x, LAST_EPS);
            kernels.modulate(x, modulation, h, modulation.rows() == 1 ? N : perImage);
        }
        if (projections == null) {
            kernels.add(h, feature);
        } else {
            stream.addLinear(h, projections.out, feature, perImage);
        }
    }

    /** x as products take it: itself, or rounded to {@code rounded}'s first rows. */
    private Tensor operand(DeviceStream stream, Tensor x, Tensor rounded) {
        if (operands == F32) {
            return x;
        }
        var operand = rounded.rows(0, x.rows());
        stream.kernels().convert(x, operand);
        return operand;
    }

    /** Embeddings of the new tokens, projected: (images * n, C'). */
    private Tensor embed(DeviceStream stream, NewTokens tokens, int images, Activations a) {
        long rows = (long) images * tokens.capacity();
        var embedded = a.embedded.rows(0, rows);
        stream.kernels().embed(new EmbedCall(images, tokens.capacity(), tokens.stride(), tokens.ids(), tokens.positions(), tokens.counts(),
                base.tokenEmbedding(), base.positionEmbedding(), embedded));
        if (projections == null) {
            return embedded;
        }
        var projected = a.newTokens.rows(0, rows);
        stream.linear(embedded, projections.newTokens, projected, tokens.capacity());
        return projected;
    }
}
