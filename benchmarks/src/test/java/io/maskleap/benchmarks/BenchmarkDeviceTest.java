package io.maskleap.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.Device;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BenchmarkDeviceTest {
    @Test
    void aDeviceIsNamedWithOrWithoutItsThreads() {
        assertEquals(Device.cpu(), BenchmarkDevice.of("cpu"));
        assertEquals(Device.cpu(2), BenchmarkDevice.of("cpu:2"));
        assertEquals(Device.emulated(3), BenchmarkDevice.of("emulated:3"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "gpu", "CPU", "cpu:", "cpu:0", "cpu:two", "cpu:99999", "cpu:1:2"})
    void whatNamesNoneIsRefused(String text) {
        var error = assertThrows(IllegalArgumentException.class, () -> BenchmarkDevice.of(text));
        assertTrue(error.getMessage().contains('"' + text + '"'), error.getMessage());
    }
}
