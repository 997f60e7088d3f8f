package io.maskleap.benchmarks.subject;

import io.maskleap.architecture.Architecture;
import io.maskleap.architecture.Networks;
import io.maskleap.architecture.maskgit.MaskGitConfig;
import io.maskleap.architecture.maskgit.ShortcutConfig;
import io.maskleap.device.DeviceContext;
import io.maskleap.kernel.Dtype;
import io.maskleap.network.VqganConfig;
import io.maskleap.weights.ModelFolder;
import io.maskleap.weights.TensorSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A model's files, opened: the sizes of its networks, and their weights. */
public final class ModelFiles implements AutoCloseable {
    private final ModelFolder folder;
    private final List<TensorSource> open = new ArrayList<>();

    public ModelFiles(BenchmarkModel model, Dtype dtype) {
        folder = ModelFolder.open(model.folder(dtype));
    }

    /** The weights of {@code base}, {@code shortcut} or {@code decoder}, mapped until this is closed. */
    public TensorSource weights(String network) {
        var source = folder.weights(network);
        open.add(source);
        return source;
    }

    /** The networks on a device, as a model opens them; to be closed by the caller. */
    public Networks open(DeviceContext device, Dtype operands) {
        return Architecture.of(folder.manifest()).read(folder.manifest()).open(folder, device, Optional.of(operands));
    }

    /** Sizes of the base network. */
    public MaskGitConfig base() {
        return MaskGitConfig.fromJson(folder.manifest().getObject("base"));
    }

    /** Sizes of the shortcut. */
    public ShortcutConfig shortcut() {
        return ShortcutConfig.fromJson(folder.manifest().getObject("shortcut"));
    }

    /** Sizes of the decoder. */
    public VqganConfig decoder() {
        return VqganConfig.derive(weights("decoder"));
    }

    @Override
    public void close() {
        open.forEach(TensorSource::close);
    }
}
