package io.maskleap.cli;

import io.maskleap.Device;
import picocli.CommandLine.Option;

/** The options that say where a model runs. */
final class DeviceOptions {
    @Option(names = "--threads", paramLabel = "N", converter = PositiveInteger.class,
            description = "CPU threads; default: one for each core. The result does not depend on it.")
    private Integer threads;

    Device device() {
        return threads != null ? Device.cpu(threads) : Device.cpu();
    }
}
