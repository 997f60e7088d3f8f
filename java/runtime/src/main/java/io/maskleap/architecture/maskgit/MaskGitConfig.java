package io.maskleap.architecture.maskgit;

import io.maskleap.error.MaskleapException;
import io.maskleap.network.Blocks;
import io.maskleap.network.Counts;
import io.maskleap.network.Dimensions;
import io.maskleap.weights.JsonObject;
import io.maskleap.weights.Limits;
import io.maskleap.weights.TensorSource;
import java.util.Map;
import java.util.TreeMap;

/**
 * The sizes of a MaskGIT base network.
 *
 * @param grid     P: an image is P x P tokens
 * @param codebook K
 * @param classes  number of classes
 * @param channels C
 * @param layers   transformer layers
 * @param heads    attention heads, dividing C
 * @param mlp      hidden channels of the layers' MLP
 */
public record MaskGitConfig(int grid, int codebook, int classes, int channels, int layers, int heads, int mlp) {
    private static final int MAX_HEAD_DIM = 128;

    public MaskGitConfig {
        Dimensions.requirePositive("base", grid, codebook, classes, channels, layers, mlp);
        requireHeads("heads", heads, channels);
    }

    /** Checks that {@code heads} attention heads divide {@code channels} into heads that the kernels take. */
    static void requireHeads(String option, int heads, int channels) {
        if (!headsFit(heads, channels)) {
            throw new MaskleapException(option + " is " + heads + ", wanted " + fittingHeads(channels));
        }
    }

    /** The number of heads that {@code json} states for {@code channels}. */
    static int heads(JsonObject json, int channels) {
        int heads = json.getInt("heads");
        if (!headsFit(heads, channels)) {
            throw json.error("heads", fittingHeads(channels));
        }
        return heads;
    }

    private static boolean headsFit(int heads, int channels) {
        return heads >= 1 && channels % heads == 0 && channels / heads <= MAX_HEAD_DIM;
    }

    private static String fittingHeads(int channels) {
        return "a divisor of the " + channels + " channels that leaves at most " + MAX_HEAD_DIM + " of them to a head";
    }

    /** Grid tokens of one image. */
    public int tokens() {
        return grid * grid;
    }

    /** T: the grid's tokens and the class token. */
    public int sequenceLength() {
        return tokens() + 1;
    }

    /** V': rows of the token embedding. */
    public int vocabulary() {
        return codebook + 1 + classes + 1;
    }

    public int maskId() {
        return codebook;
    }

    public int classId(int label) {
        return codebook + 1 + label;
    }

    /** The class token of the unconditional sequence. */
    public int droppedClassId() {
        return codebook + 1 + classes;
    }

    public int headDim() {
        return channels / heads;
    }

    /**
     * Derives the sizes from the shapes of a base network's tensors.
     *
     * @param heads    what shapes do not tell
     * @param codebook likewise
     * @throws MaskleapException where the tensors are not those of a MaskGIT, or do not fit each other
     */
    public static MaskGitConfig derive(TensorSource base, int heads, int codebook) {
        int[] embedding = Dimensions.of(base, "tok_emb.weight", 2);
        int positions = Dimensions.of(base, "pos_emb", 3)[1];
        int mlp = Dimensions.of(base, "transformer.layers.0.1.fn.net.0.weight", 2)[0];
        int tokens = positions - 1;
        int grid = (int) Math.round(Math.sqrt(tokens));
        if (grid * grid != tokens || grid == 0) {
            throw new MaskleapException(base.path() + ": pos_emb has " + positions + " positions, wanted the square of the grid's side plus 1");
        }
        int classes = embedding[0] - codebook - 2;
        if (classes < 1) {
            throw new MaskleapException(base.path() + ": tok_emb.weight has " + embedding[0] + " rows, wanted more than " + (codebook + 2)
                    + ": the VQGAN's " + codebook + " codes, mask, classes and the dropped class");
        }
        return new MaskGitConfig(grid, codebook, classes, embedding[1], Blocks.count(base, "transformer.layers.", ".0.norm.weight"),
                heads, mlp);
    }

    /** The sizes in a few words, for people; without the heads, which shapes do not tell. */
    public String summary() {
        return "%s, %d channels, MLP %d, %d x %d tokens of %d codes, %s".formatted(Counts.of(layers, "layer"), channels, mlp, grid, grid, codebook,
                Counts.of(classes, "class", "classes"));
    }

    /** Reads what {@link #toJson} wrote. */
    public static MaskGitConfig fromJson(JsonObject json) {
        int channels = Dimensions.of(json, "channels", 1, Limits.NETWORK_SIZE);
        return new MaskGitConfig(Dimensions.of(json, "grid", 1, Limits.GRID), Dimensions.of(json, "codebook", 1, Limits.NETWORK_SIZE),
                Dimensions.of(json, "classes", 1, Limits.NETWORK_SIZE), channels, Dimensions.of(json, "layers", 1, Limits.NETWORK_SIZE),
                heads(json, channels), Dimensions.of(json, "mlp", 1, Limits.NETWORK_SIZE));
    }

    public Map<String, Object> toJson() {
        return new TreeMap<>(Map.of("grid", grid, "codebook", codebook, "classes", classes, "channels", channels, "layers", layers,
                "heads", heads, "mlp", mlp));
    }
}
