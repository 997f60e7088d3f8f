package io.maskleap;

import io.maskleap.architecture.Networks;
import io.maskleap.device.DeviceContext;
import io.maskleap.device.cpu.CpuContext;
import io.maskleap.device.cuda.CudaContext;
import io.maskleap.error.MaskleapException;
import io.maskleap.generation.Batch;
import io.maskleap.weights.ModelFolder;
import java.nio.file.Path;
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
    private final Networks networks;
    private final Set<Session> sessions = new HashSet<>();
    private boolean closed;
    private boolean freed;

    private Model(ModelInfo info, DeviceContext device, Networks networks) {
        this.info = info;
        this.device = device;
        this.networks = networks;
        precision = Precision.of(networks.operands());
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

    private static Model open(Path path, Device device, Optional<Precision> precision) {
        var folder = ModelFolder.open(path);
        var manifest = ModelManifest.of(folder.manifest());
        var context = start(device);
        try {
            var networks = manifest.networks().open(folder, context, precision.map(Precision::dtype));
            return new Model(info(manifest, networks), context, networks);
        } catch (RuntimeException | Error e) {
            context.close();
            throw e;
        }
    }

    /** Starts a device. */
    static DeviceContext start(Device device) {
        return switch (device) {
            case Device.Cpu cpu -> new CpuContext(cpu.threads(), cpu.library().orElse(null));
            case Device.Cuda cuda -> CudaContext.of(cuda.index());
            case Device.Emulated _ -> CudaContext.emulated(0);
        };
    }

    private static ModelInfo info(ModelManifest manifest, Networks networks) {
        var sizes = networks.sizes();
        return new ModelInfo(manifest.name(), manifest.classNames(), sizes.classes(), networks.decoder().config().imageSize(sizes.grid()), sizes.grid(),
                sizes.codebook(), sizes.channels(), sizes.hasShortcut(), manifest.defaults());
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
        return new NetworkProbe(info, networks.newProbe(device));
    }

    /** Bytes of device memory that a session of {@code maxImages} images takes for activations and state. */
    public long sessionBytes(int maxImages) {
        return Batch.bytes(device, networks, maxImages);
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

    Networks networks() {
        return networks;
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
        networks.close();
    }
}
