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
 * The sizes of a MaskGIT shortcut network.
 *
 * @param baseChannels C of the features that it moves
 * @param channels     C', its own width
 * @param projections  whether it projects the features to its width and back; without, C' = C
 * @param blocks       pairs of cross-attention and self-attention
 * @param heads        attention heads, dividing C'
 * @param mlp          hidden channels of the MLPs
 * @param timeHidden   hidden channels of the time embedding's MLP; 0: no time embedding
 */
public record ShortcutConfig(int baseChannels, int channels, boolean projections, int blocks, int heads, int mlp, int timeHidden) {

    public ShortcutConfig {
        Dimensions.requirePositive("shortcut", baseChannels, channels, blocks, mlp);
        MaskGitConfig.requireHeads("shortcut heads", heads, channels);
    }

    public boolean embedsTime() {
        return timeHidden > 0;
    }

    public int headDim() {
        return channels / heads;
    }

    /**
     * Derives the sizes from the shapes of a shortcut's tensors.
     *
     * @param baseChannels C of the base network
     * @param heads        what shapes do not tell
     * @throws MaskleapException where the tensors are not those of a shortcut, or not of one for such a base
     */
    public static ShortcutConfig derive(TensorSource shortcut, int baseChannels, int heads) {
        int channels = Dimensions.of(shortcut, "last_layer.0.weight", 1)[0];
        boolean projections = shortcut.find("proj_in.weight").isPresent();
        if (channels != baseChannels && !projections) {
            throw new MaskleapException(shortcut.path() + ": last_layer.0.weight has " + channels + " channels, wanted the base network's "
                    + baseChannels + " as there is no proj_in.weight");
        }
        boolean embedsTime = shortcut.find("time_embedder.mlp.0.weight").isPresent();
        int timeHidden = embedsTime ? Dimensions.of(shortcut, "time_embedder.mlp.0.weight", 2)[0] : 0;
        return new ShortcutConfig(baseChannels, channels, projections, Blocks.count(shortcut, "blocks.", ".cross_attn.norm.weight"), heads,
                Dimensions.of(shortcut, "blocks.0.cross_attn_ff.fn.net.0.weight", 2)[0], timeHidden);
    }

    /** The sizes in a few words, for people; without the heads, which shapes do not tell. */
    public String summary() {
        return "%s, %d of the base's %d channels, MLP %d, %s time embedding".formatted(Counts.of(blocks, "block"), channels, baseChannels, mlp,
                embedsTime() ? "with" : "without");
    }

    /** Reads what {@link #toJson} wrote. */
    public static ShortcutConfig fromJson(JsonObject json) {
        int channels = Dimensions.of(json, "channels", 1, Limits.NETWORK_SIZE);
        return new ShortcutConfig(Dimensions.of(json, "base_channels", 1, Limits.NETWORK_SIZE), channels, json.getBoolean("projections"),
                Dimensions.of(json, "blocks", 1, Limits.NETWORK_SIZE), MaskGitConfig.heads(json, channels),
                Dimensions.of(json, "mlp", 1, Limits.NETWORK_SIZE), Dimensions.of(json, "time_hidden", 0, Limits.NETWORK_SIZE));
    }

    public Map<String, Object> toJson() {
        return new TreeMap<>(Map.of("base_channels", baseChannels, "channels", channels, "projections", projections, "blocks", blocks, "heads", heads, "mlp", mlp,
                "time_hidden", timeHidden));
    }
}
