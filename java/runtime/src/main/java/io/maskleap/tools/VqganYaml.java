package io.maskleap.tools;

import io.maskleap.error.MaskleapException;
import io.maskleap.network.VqganConfig;
import io.maskleap.weights.JsonObject;
import io.maskleap.weights.Yaml;
import java.nio.file.Path;

/** The configuration that taming transformers writes beside a VQGAN's checkpoint. */
final class VqganYaml {
    private VqganYaml() {
    }

    /**
     * Checks that the file says of the decoder what the shapes of its tensors say.
     *
     * @param decoder    read from the shapes
     * @param checkpoint where those are, for the error's sentence
     * @throws MaskleapException where it does not, or is no such configuration
     */
    static void requireSame(Path yaml, VqganConfig decoder, Path checkpoint) {
        var parameters = Yaml.read(yaml).getObject("model").getObject("params");
        requireSame(parameters, "n_embed", decoder.codebook(), "rows of quantize.embedding.weight", checkpoint);
        requireSame(parameters, "embed_dim", decoder.embeddingChannels(), "columns of quantize.embedding.weight",
                checkpoint);
        var sizes = parameters.getObject("ddconfig");
        requireSame(sizes, "z_channels", decoder.latentChannels(), "input channels of decoder.conv_in", checkpoint);
        for (var l = 0; l < decoder.levels().size(); l++) {
            // The decoder has a block more at each level than the encoder, whose number this is.
            requireSame(sizes, "num_res_blocks", decoder.levels().get(l).blocks() - 1,
                    "blocks of decoder.up.%d less 1".formatted(l), checkpoint);
        }
        requireSameChannels(sizes, decoder, checkpoint);
    }

    private static void requireSame(JsonObject json, String key, int wanted, String what, Path checkpoint) {
        if (json.getInt(key) != wanted) {
            throw json.error(key, "%d (%s in %s)".formatted(wanted, what, checkpoint));
        }
    }

    private static void requireSameChannels(JsonObject sizes, VqganConfig decoder, Path checkpoint) {
        long unit = sizes.getInt("ch");
        var factors = sizes.getInts("ch_mult");
        var got = factors.stream().map(factor -> unit * factor).toList();
        var wanted = decoder.levels().stream().map(level -> (long) level.channels()).toList();
        if (!got.equals(wanted)) {
            throw new MaskleapException(("%s: model.params.ddconfig.ch %d and ch_mult %s make levels of %s channels,"
                    + " wanted %s (decoder.up in %s)").formatted(sizes.origin(), unit, factors, got, wanted, checkpoint));
        }
    }
}
