package io.maskleap.tools;

import io.maskleap.architecture.maskgit.MaskGit;
import io.maskleap.architecture.maskgit.MaskGitConfig;
import io.maskleap.architecture.maskgit.MaskGitShortcut;
import io.maskleap.architecture.maskgit.ShortcutConfig;
import io.maskleap.error.MaskleapException;
import io.maskleap.kernel.Dtype;
import io.maskleap.network.VqganConfig;
import io.maskleap.network.VqganDecoder;
import io.maskleap.weights.TensorSource;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * The networks of a MaskGIT, taken out of their checkpoints: each is constructed on a {@link ShapeCheck}, so what it did
 * not ask for is not part of it, and what it misses or finds in another shape is an error here and not at first use.
 */
final class MaskGitNetworks {
    /**
     * Where each network's tensors are. One that is left there shows a gap (blocks are counted until the first that is
     * missing) or another architecture: without it the network would run, and compute something else.
     */
    private static final List<String> BASE_PARTS = List.of("first_layer.", "transformer.", "last_layer.");
    private static final List<String> SHORTCUT_PARTS = List.of("proj_in.", "new_token_proj_in.", "proj_out.", "blocks.",
            "last_layer.", "time_embedder.mlp.", "adaLN_modulation.");
    private static final List<String> DECODER_PARTS = List.of("post_quant_conv.", "decoder.");

    private final Arena memory;
    private final Dtype operands;
    private final ShapeCheck device = new ShapeCheck();
    private final List<ImportedNetwork> networks = new ArrayList<>();

    /**
     * @param memory   for the tensors that have to be converted
     * @param operands the dtype in which operands of products are written
     */
    MaskGitNetworks(Arena memory, Dtype operands) {
        this.memory = memory;
        this.operands = operands;
    }

    /** Writes the networks' files. */
    void writeWeights(Path folder) {
        for (var network : networks) {
            network.writeWeights(folder, tensor -> device.wanted(tensor.data()) == Dtype.BF16 ? Bfloat16.of(tensor, memory) : tensor);
        }
    }

    /** The networks that were added, in that order. */
    List<ImportedNetwork> all() {
        return Collections.unmodifiableList(networks);
    }

    MaskGit addBase(TensorSource checkpoint, int heads, int codebook) {
        var weights = new TakenTensors(checkpoint, memory);
        var config = MaskGitConfig.derive(checkpoint, heads, codebook);
        var base = new MaskGit(device, config, weights, operands);
        var summary = config.summary();
        requireNothingLeft(weights, BASE_PARTS, summary);
        networks.add(new ImportedNetwork("base", summary, config.toJson(), weights, weights.left()));
        return base;
    }

    void addShortcut(TensorSource checkpoint, int heads, MaskGit base) {
        var weights = new TakenTensors(checkpoint, memory);
        var config = ShortcutConfig.derive(checkpoint, base.config().channels(), heads);
        new MaskGitShortcut(device, config, base, weights);
        var summary = config.summary();
        requireNothingLeft(weights, SHORTCUT_PARTS, summary);
        networks.add(new ImportedNetwork("shortcut", summary, config.toJson(), weights, weights.left()));
    }

    /** The checkpoint also holds what trained the decoder (encoder, discriminator), which is left out without a word. */
    void addDecoder(TensorSource checkpoint, VqganConfig config) {
        var weights = new TakenTensors(checkpoint, memory);
        new VqganDecoder(device, config, weights, operands);
        var summary = config.summary();
        requireNothingLeft(weights, DECODER_PARTS, summary);
        networks.add(new ImportedNetwork("decoder", summary, Map.of(), weights, List.of()));
    }

    private static void requireNothingLeft(TakenTensors weights, List<String> parts, String summary) {
        for (var name : weights.left()) {
            if (parts.stream().anyMatch(name::startsWith)) {
                throw new MaskleapException(("%s: tensor %s has no place in a network of %s: a tensor that belongs to it"
                        + " is missing, or this is another architecture").formatted(weights.path(), name, summary));
            }
        }
    }
}
