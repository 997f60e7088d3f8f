package io.maskleap;

import io.maskleap.device.DeviceContext;
import io.maskleap.device.cpu.CpuContext;
import io.maskleap.device.cuda.CudaContext;
import io.maskleap.error.MaskleapException;
import io.maskleap.network.MaskGit;
import io.maskleap.network.MaskGitConfig;
import io.maskleap.network.MaskGitShortcut;
import io.maskleap.network.VqganConfig;
import io.maskleap.network.VqganDecoder;
import io.maskleap.weights.Limits;
import io.maskleap.weights.ModelFolder;
import io.maskleap.weights.StoredDtype;
import io.maskleap.weights.TensorSource;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A model, its weights mapped and its networks on a device. Immutable; any number of threads may share it, each with
 * sessions of its own.
 */
public final class Model implements AutoCloseable {
    private final Precision precision;
    private final ModelInfo info;
    private final DeviceContext device;
    private final List<TensorSource> weights;
    private final MaskGit base;
    private final Optional<MaskGitShortcut> shortcut;
    private final VqganDecoder decoder;
    private final Set<Session> sessions = new HashSet<>();
    private boolean closed;
    private boolean freed;

    private Model(Precision precision, ModelInfo info, DeviceContext device, List<TensorSource> weights, MaskGit base, Optional<MaskGitShortcut> shortcut, VqganDecoder decoder) {
        this.precision = precision;
        this.info = info;
        this.device = device;
        this.weights = weights;
        this.base = base;
        this.shortcut = shortcut;
        this.decoder = decoder;
    }

    /**
     * Opens the model in {@code folder} on {@code device}, to compute in the precision in which its weights are stored.
     *
     * @throws MaskleapException where the folder is no whole model, its parts do not fit each other, or the device cannot be used
     */
    public static Model open(Path folder, Device device) {
        return open(folder, device, Optional.empty());
    }

    /** As {@link #open(Path, Device)}, to compute in {@code precision}: weights that are stored in another are converted. */
    public static Model open(Path folder, Device device, Precision precision) {
        return open(folder, device, Optional.of(precision));
    }

    private static Model open(Path folder, Device device, Optional<Precision> wanted) {
        var model = ModelFolder.open(folder);
        var manifest = ModelManifest.of(model.manifest());
        var context = start(device);
        var weights = new ArrayList<TensorSource>();
        try {
            var baseConfig = manifest.base();
            var baseWeights = mapped(model, "base", weights);
            var precision = wanted.orElseGet(() -> storedPrecision(baseWeights));
            context.requireProducts(precision.dtype());
            var base = new MaskGit(context, baseConfig, baseWeights, precision.dtype());
            var shortcut = manifest.shortcut().map(config ->
                    new MaskGitShortcut(context, config, base, mapped(model, "shortcut", weights)));
            var decoderWeights = mapped(model, "decoder", weights);
            var decoder = new VqganDecoder(context, VqganConfig.derive(decoderWeights), decoderWeights, precision.dtype());
            if (decoder.config().codebook() != baseConfig.codebook()) {
                throw new MaskleapException(decoderWeights.path() + ": the codebook has " + decoder.config().codebook() + " codes, the base network "
                        + baseConfig.codebook());
            }
            requireImageSize(decoder.config(), baseConfig.grid(), decoderWeights.path());
            return new Model(precision, info(manifest, decoder.config()), context, weights, base, shortcut, decoder);
        } catch (RuntimeException | Error e) {
            weights.forEach(TensorSource::close);
            context.close();
            throw e;
        }
    }

    private static Precision storedPrecision(TensorSource base) {
        return base.tensor(MaskGit.TOKEN_EMBEDDING).dtype() == StoredDtype.BF16 ? Precision.BFLOAT16 : Precision.FLOAT32;
    }

    /** Starts a device. */
    static DeviceContext start(Device device) {
        return switch (device) {
            case Device.Cpu cpu -> new CpuContext(cpu.threads(), cpu.library().orElse(null));
            case Device.Cuda cuda -> CudaContext.of(cuda.index());
            case Device.Emulated _ -> CudaContext.emulated(0);
        };
    }

    private static TensorSource mapped(ModelFolder model, String network, List<TensorSource> weights) {
        var source = model.weights(network);
        weights.add(source);
        return source;
    }

    /** Each level doubles the side, so a file of a few bytes a level could ask for an image of any size. */
    static void requireImageSize(VqganConfig decoder, int grid, Path weights) {
        int levels = decoder.levels().size();
        if (levels > Integer.SIZE || (long) grid << (levels - 1) > Limits.IMAGE_SIDE) {
            throw new MaskleapException(weights + ": " + levels + " levels and a grid of " + grid + " make an image of more than "
                    + Limits.IMAGE_SIDE + " pixels a side");
        }
    }

    private static ModelInfo info(ModelManifest manifest, VqganConfig decoder) {
        var base = manifest.base();
        return new ModelInfo(manifest.name(), manifest.classNames(), base.classes(), decoder.imageSize(base.grid()), base.grid(), base.codebook(),
                base.channels(), manifest.shortcut().isPresent(), manifest.defaults());
    }

    public ModelInfo info() {
        return info;
    }

    public Precision precision() {
        return precision;
    }

    /** What the model runs on, for people. */
    public String deviceDescription() {
        return device.description() + (precision == Precision.FLOAT32 ? "" : ", products of " + precision);
    }

    /** A session that works on one image at a time: on a CPU, where larger batches gain nothing. */
    public Session newSession() {
        return newSession(1);
    }

    /** A session that works on up to {@code maxImages} images at a time; it takes {@link #sessionBytes} of memory. */
    public Session newSession(int maxImages) {
        if (maxImages < 1) {
            throw new MaskleapException("a session's images are " + maxImages + ", wanted at least 1");
        }
        synchronized (sessions) {
            requireOpen();
            var session = new Session(this, maxImages);
            sessions.add(session);
            return session;
        }
    }

    /** The networks one by one. */
    public NetworkProbe newProbe() {
        return new NetworkProbe(this);
    }

    /** Bytes of device memory that a session of {@code maxImages} images takes for activations and state. */
    public long sessionBytes(int maxImages) {
        return Batch.bytes(this, maxImages);
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the model is closed");
        }
    }

    void forget(Session session) {
        synchronized (sessions) {
            sessions.remove(session);
        }
        freeIfUnused();
    }

    DeviceContext device() {
        return device;
    }

    MaskGit base() {
        return base;
    }

    Optional<MaskGitShortcut> shortcut() {
        return shortcut;
    }

    VqganDecoder decoder() {
        return decoder;
    }

    /**
     * Closes the model and its sessions: generations that are running are cancelled and waited for, but from their own listeners; then the last of them
     * to end frees the device.
     */
    @Override
    public void close() {
        List<Session> open;
        synchronized (sessions) {
            closed = true;
            open = List.copyOf(sessions);
        }
        open.forEach(Session::close);
        freeIfUnused();
    }

    private void freeIfUnused() {
        synchronized (sessions) {
            if (freed || !closed || !sessions.isEmpty()) {
                return;
            }
            freed = true;
        }
        device.close();
        weights.forEach(TensorSource::close);
    }
}
