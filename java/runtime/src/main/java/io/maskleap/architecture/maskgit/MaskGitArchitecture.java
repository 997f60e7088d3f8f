package io.maskleap.architecture.maskgit;

import io.maskleap.architecture.Architecture;
import io.maskleap.architecture.ModelSizes;
import io.maskleap.device.DeviceContext;
import io.maskleap.kernel.Dtype;
import io.maskleap.network.Counts;
import io.maskleap.network.VqganConfig;
import io.maskleap.weights.JsonObject;
import io.maskleap.weights.ModelFolder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * MaskGIT, class to image, with its shortcut and a VQGAN decoder. Source: Chang et al. 2022 (MaskGIT) in the form of valeoai's MaskGIT-pytorch; MIGM-Shortcut
 * (Zhu et al. 2026, arXiv 2602.23996).
 */
public final class MaskGitArchitecture implements Architecture {
    /** What the manifest calls it. */
    public static final String NAME = "maskgit";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String displayName() {
        return "MaskGIT";
    }

    @Override
    public MaskGitDescription read(JsonObject manifest) {
        var base = MaskGitConfig.fromJson(manifest.getObject("base"));
        return new MaskGitDescription(base, manifest.findObject("shortcut").map(fields -> shortcut(fields, base)));
    }

    private static ShortcutConfig shortcut(JsonObject json, MaskGitConfig base) {
        var config = ShortcutConfig.fromJson(json);
        if (config.baseChannels() != base.channels()) {
            throw json.error("base_channels", base.channels() + " as base.channels");
        }
        return config;
    }

    /** The sizes of a MaskGIT's networks; its decoder's are those of the weights. */
    public record MaskGitDescription(MaskGitConfig base, Optional<ShortcutConfig> shortcut) implements Description {
        @Override
        public ModelSizes sizes() {
            return new ModelSizes(base.classes(), base.grid(), base.codebook(), base.channels(), base.sequenceLength(), shortcut.isPresent());
        }

        @Override
        public List<NetworkDescription> networks() {
            var networks = new ArrayList<NetworkDescription>();
            networks.add(new NetworkDescription("base", _ -> withHeads(base.summary(), base.heads())));
            shortcut.ifPresent(config -> networks.add(new NetworkDescription("shortcut", _ -> withHeads(config.summary(), config.heads()))));
            networks.add(new NetworkDescription("decoder", weights -> VqganConfig.derive(weights).summary()));
            return networks;
        }

        private static String withHeads(String summary, int heads) {
            return summary + ", " + Counts.of(heads, "head");
        }

        @Override
        public MaskGitNetworks open(ModelFolder folder, DeviceContext device, Optional<Dtype> operands) {
            return MaskGitNetworks.open(this, folder, device, operands);
        }
    }
}
