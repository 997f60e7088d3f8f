package io.maskleap;

import io.maskleap.device.cuda.CudaProbe;
import io.maskleap.error.MaskleapException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Properties;

/** What this library is. */
public final class Maskleap {
    /** The version, as in the Maven coordinates. */
    public static final String VERSION = readVersion();

    private Maskleap() {
    }

    /**
     * What {@code device} computes with: native library, instruction set, threads.
     *
     * @throws MaskleapException where the device cannot be used
     */
    public static String nativeLibraryInfo(Device device) {
        try (var context = Model.start(device)) {
            return context.description();
        }
    }

    /**
     * What there is to compute with on this machine: the CPU, and CUDA with its driver, GPUs and libraries or the reason why it
     * cannot be used. Where CUDA's libraries are there it loads them to ask for their versions, which takes up to a second.
     */
    public static DeviceReport devices() {
        try (var cuda = CudaProbe.examine()) {
            return DeviceReport.of(cpuReport(), cuda);
        }
    }

    private static DeviceReport.Cpu cpuReport() {
        try {
            return new DeviceReport.Cpu(true, nativeLibraryInfo(Device.cpu()));
        } catch (MaskleapException e) {
            return new DeviceReport.Cpu(false, e.getMessage());
        }
    }

    private static String readVersion() {
        var properties = new Properties();
        try (var in = Maskleap.class.getResourceAsStream("maskleap.properties")) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.getProperty("version");
    }
}
