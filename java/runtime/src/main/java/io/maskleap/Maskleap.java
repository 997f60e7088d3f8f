package io.maskleap;

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
     * @throws io.maskleap.error.MaskleapException where the device cannot be used
     */
    public static String nativeLibraryInfo(Device device) {
        try (var context = Model.start(device)) {
            return context.description();
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
