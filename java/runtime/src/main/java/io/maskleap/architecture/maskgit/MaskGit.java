package io.maskleap.architecture.maskgit;

import static io.maskleap.kernel.Dtype.F32;

import io.maskleap.device.DeviceContext;
import io.maskleap.device.DeviceStream;
import io.maskleap.device.Linear;
import io.maskleap.device.Workspace;
import io.maskleap.error.MaskleapException;
import io.maskleap.kernel.Activation;
import io.maskleap.kernel.BatchShape;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.EmbedCall;
import io.maskleap.kernel.Heads;
import io.maskleap.kernel.Tensor;
import io.maskleap.network.AttentionWeights;
import io.maskleap.network.MlpWeights;
import io.maskleap.network.NormWeights;
import io.maskleap.network.Sequences;
import io.maskleap.network.WeightReader;
import io.maskleap.weights.TensorSource;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The MaskGIT base network: token ids to final-layer features, and the head from features to logits.
 * Source: Chang et al. 2022 (MaskGIT), in the form of valeoai's MaskGIT-pytorch. Immutable; shared by sessions.
 */
public final class MaskGit {
    /** The name of the token embedding, which is also the head's weight. */
    public static final String TOKEN_EMBEDDING = "tok_emb.weight";

    private static final float EDGE_EPS = 1e-12f;
    private static final float LAYER_EPS = 1e-5f;

    private record Layer(NormWeights attentionNorm, AttentionWeights attention, NormWeights mlpNorm, MlpWeights mlp) {
    }

    private final MaskGitConfig config;
    private final Dtype operands;
    private final Tensor tokenEmbedding;
    private final Tensor positionEmbedding;
    private final NormWeights firstNorm;
    private final Linear firstLinear;
    private final NormWeights secondNorm;
    private final Linear secondLinear;
    private final List<Layer> layers;
    private final NormWeights lastNorm;
    private final Linear lastLinear;
    private final NormWeights featureNorm;
    private final Linear head;
    private final Tensor headBias;

    /**
     * Takes the weights from {@code source}, under the checkpoint's names.
     *
     * @param operands the dtype of what is multiplied
     * @throws MaskleapException where a tensor is missing or has another shape than {@code config} says
     */
    public MaskGit(DeviceContext device, MaskGitConfig config, TensorSource source, Dtype operands) {
        this.config = config;
        this.operands = operands;
        var weights = new WeightReader(source, device, operands);
        int C = config.channels();
        tokenEmbedding = weights.matrix(TOKEN_EMBEDDING, config.vocabulary(), C);
        positionEmbedding = weights.unbatched("pos_emb", config.sequenceLength(), C);
        firstNorm = weights.norm("first_layer.0", C);
        firstLinear = weights.linear("first_layer.2", C, C).then(Activation.GELU_ERF);
        secondNorm = weights.norm("first_layer.4", C);
        secondLinear = weights.linear("first_layer.6", C, C);
        layers = new ArrayList<>();
        for (int i = 0; i < config.layers(); i++) {
            var prefix = "transformer.layers." + i;
            layers.add(new Layer(weights.norm(prefix + ".0.norm", C), weights.attention(prefix + ".0.fn.mha", C),
                    weights.norm(prefix + ".1.norm", C), weights.mlp(prefix + ".1.fn", C, config.mlp())));
        }
        lastNorm = weights.norm("last_layer.0", C);
        lastLinear = weights.linear("last_layer.2", C, C).then(Activation.GELU_ERF);
        featureNorm = weights.norm("last_layer.4", C);
        head = new Linear(tokenEmbedding.rows(0, config.codebook()), null, Activation.NONE);
        headBias = weights.bias("bias", config.sequenceLength(), config.vocabulary()).rows(0, config.tokens());
    }

    public MaskGitConfig config() {
        return config;
    }

    /** The dtype of what is multiplied: weights, and the activations that meet them. */
    public Dtype operands() {
        return operands;
    }

    /** (V', C): also what the shortcut's new tokens are embedded with. */
    Tensor tokenEmbedding() {
        return tokenEmbedding;
    }

    /** (T, C). */
    Tensor positionEmbedding() {
        return positionEmbedding;
    }

    /** (tokens, V'): the head's bias, which the sampler adds to the guided logits: (1 + w) b - w b = b. */
    public Tensor headBias() {
        return headBias;
    }

    /** Activations of one forward pass. */
    public static final class Activations {
        private final Tensor residual;
        private final Tensor hidden;
        private final Tensor delta;
        private final Tensor qkv;
        private final Tensor mlp;

        /** Takes room for {@code rows} rows. */
        public Activations(Workspace workspace, MaskGit network, long rows) {
            var config = network.config;
            residual = workspace.tensor(F32, rows, config.channels());
            hidden = workspace.tensor(network.operands, rows, config.channels());
            delta = workspace.tensor(network.operands, rows, config.channels());
            qkv = workspace.tensor(network.operands, rows, 3L * config.channels());
            mlp = workspace.tensor(network.operands, rows, config.mlp());
        }
    }

    /**
     * One full step: token ids to features.
     *
     * @param ids     (sequences, T) int32: codes, the mask id, and last the class token
     * @param feature out (sequences * T, C) float32
     */
    public void forward(DeviceStream stream, MemorySegment ids, Sequences sequences, Activations a, Tensor feature) {
        var kernels = stream.kernels();
        long N = sequences.rows();
        long perImage = sequences.rowsPerImage();
        int C = config.channels();
        var x = a.residual.rows(0, N);      // (N, C) float32, the residual stream
        var h = a.hidden.rows(0, N);        // (N, C)
        var d = a.delta.rows(0, N);         // (N, C), what the residual stream is to gain next
        var qkv = a.qkv.rows(0, N);         // (N, 3C)
        var m = a.mlp.rows(0, N);           // (N, mlp)
        var heads = Heads.of(config.heads(), config.headDim());
        var raggedness = sequences.toThemselves();

        kernels.embed(new EmbedCall(sequences.count(), sequences.length(), sequences.length(), ids, MemorySegment.NULL, MemorySegment.NULL,
                tokenEmbedding, positionEmbedding, x));
        kernels.addLayerNorm(x, null, firstNorm.gamma(), firstNorm.beta(), h, EDGE_EPS);
        stream.linear(h, firstLinear, x, perImage);
        kernels.addLayerNorm(x, null, secondNorm.gamma(), secondNorm.beta(), h, EDGE_EPS);
        stream.linear(h, secondLinear, x, perImage);

        Tensor pending = null;
        for (var layer : layers) {
            kernels.addLayerNorm(x, pending, layer.attentionNorm.gamma(), layer.attentionNorm.beta(), h, LAYER_EPS);
            stream.linear(h, layer.attention.inProjection(), qkv, perImage);
            kernels.attention(qkv.columns(0, C), qkv.columns(C, C), qkv.columns(2L * C, C), h, raggedness, heads, heads.scale());
            stream.linear(h, layer.attention.outProjection(), d, perImage);
            kernels.addLayerNorm(x, d, layer.mlpNorm.gamma(), layer.mlpNorm.beta(), h, LAYER_EPS);
            stream.linear(h, layer.mlp.up(), m, perImage);
            stream.linear(m, layer.mlp.down(), d, perImage);
            pending = d;
        }

        kernels.addLayerNorm(x, pending, lastNorm.gamma(), lastNorm.beta(), h, EDGE_EPS);
        stream.linear(h, lastLinear, x, perImage);
        kernels.addLayerNorm(x, null, featureNorm.gamma(), featureNorm.beta(), feature, EDGE_EPS);
    }

    /**
     * The head on the rows that are still masked, without its bias.
     *
     * @param feature     (sequences * T, C)
     * @param positions   (images, tokens) int32: masked grid positions
     * @param step        the step's parameter block
     * @param rowCapacity rows of each sequence in {@code logits}, at least the step's masked tokens; those beyond mean nothing
     * @param rows        scratch of at least images * sequencesPerImage * rowCapacity rows
     * @param logits      out (images * sequencesPerImage * rowCapacity, K) float32
     */
    public void logits(DeviceStream stream, Tensor feature, Sequences sequences, MemorySegment positions, MemorySegment step, int rowCapacity,
            HeadRows rows, Tensor logits) {
        var grid = BatchShape.identity(sequences.images(), sequences.sequencesPerImage(), config.tokens());
        var gathered = rows.gathered.rows(0, logits.rows());        // (images * sequencesPerImage * rowCapacity, C) float32
        var operand = rows.operand.rows(0, logits.rows());
        stream.kernels().gatherRows(grid, feature, sequences.offsets(), positions, step, gathered, rowCapacity);
        if (operands != F32) {
            stream.kernels().convert(gathered, operand);
        }
        stream.linear(operand, head, logits, (long) sequences.sequencesPerImage() * rowCapacity);
    }

    /** Rows of features on their way to the head: as they are, and as it multiplies them. */
    public static final class HeadRows {
        private final Tensor gathered;
        private final Tensor operand;

        /** Takes room for {@code rows} rows. */
        public HeadRows(Workspace workspace, MaskGit network, long rows) {
            gathered = workspace.tensor(F32, rows, network.config.channels());
            operand = network.operands == F32 ? gathered : workspace.tensor(network.operands, rows, network.config.channels());
        }
    }
}
