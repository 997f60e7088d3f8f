package io.maskleap.architecture.maskgit;

import io.maskleap.architecture.ModelSizes;
import io.maskleap.architecture.Networks;
import io.maskleap.architecture.maskgit.MaskGitArchitecture.MaskGitDescription;
import io.maskleap.device.DeviceContext;
import io.maskleap.device.Workspace;
import io.maskleap.error.MaskleapException;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Tensor;
import io.maskleap.network.VqganConfig;
import io.maskleap.network.VqganDecoder;
import io.maskleap.weights.ModelFolder;
import io.maskleap.weights.StoredDtype;
import io.maskleap.weights.TensorSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The networks of an opened MaskGIT: base, shortcut if the model has one, decoder. */
public final class MaskGitNetworks implements Networks {
    private final ModelSizes sizes;
    private final List<TensorSource> weights;
    private final MaskGit base;
    private final Optional<MaskGitShortcut> shortcut;
    private final VqganDecoder decoder;

    private MaskGitNetworks(ModelSizes sizes, List<TensorSource> weights, MaskGit base, Optional<MaskGitShortcut> shortcut, VqganDecoder decoder) {
        this.sizes = sizes;
        this.weights = weights;
        this.base = base;
        this.shortcut = shortcut;
        this.decoder = decoder;
    }

    static MaskGitNetworks open(MaskGitDescription description, ModelFolder folder, DeviceContext device, Optional<Dtype> wanted) {
        var weights = new ArrayList<TensorSource>();
        try {
            var baseWeights = mapped(folder, "base", weights);
            var operands = wanted.orElseGet(() -> storedDtype(baseWeights));
            device.requireProducts(operands);
            var base = new MaskGit(device, description.base(), baseWeights, operands);
            var shortcut = description.shortcut().map(config -> new MaskGitShortcut(device, config, base, mapped(folder, "shortcut", weights)));
            var decoderWeights = mapped(folder, "decoder", weights);
            var decoder = new VqganDecoder(device, VqganConfig.derive(decoderWeights), decoderWeights, operands);
            if (decoder.config().codebook() != description.base().codebook()) {
                throw new MaskleapException(decoderWeights.path() + ": the codebook has " + decoder.config().codebook() + " codes, the base network "
                        + description.base().codebook());
            }
            decoder.config().requireImageSize(description.base().grid(), decoderWeights.path());
            return new MaskGitNetworks(description.sizes(), weights, base, shortcut, decoder);
        } catch (RuntimeException | Error e) {
            weights.forEach(TensorSource::close);
            throw e;
        }
    }

    private static TensorSource mapped(ModelFolder folder, String network, List<TensorSource> weights) {
        var source = folder.weights(network);
        weights.add(source);
        return source;
    }

    private static Dtype storedDtype(TensorSource base) {
        return base.tensor(MaskGit.TOKEN_EMBEDDING).dtype() == StoredDtype.BF16 ? Dtype.BF16 : Dtype.F32;
    }

    public MaskGit base() {
        return base;
    }

    public Optional<MaskGitShortcut> shortcut() {
        return shortcut;
    }

    @Override
    public ModelSizes sizes() {
        return sizes;
    }

    @Override
    public Dtype operands() {
        return base.operands();
    }

    @Override
    public VqganDecoder decoder() {
        return decoder;
    }

    @Override
    public Tensor headBias() {
        return base.headBias();
    }

    @Override
    public MaskGitPasses newPasses(Workspace workspace, int maxImages, int sequencesPerImage) {
        return new MaskGitPasses(workspace, this, maxImages, sequencesPerImage);
    }

    @Override
    public MaskGitProbe newProbe(DeviceContext device) {
        return new MaskGitProbe(device, this);
    }

    @Override
    public void close() {
        weights.forEach(TensorSource::close);
    }
}
