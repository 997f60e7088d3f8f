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
    void aDeviceIsNamedWithOrWithoutItsNumber() {
        assertEquals(Device.cpu(), BenchmarkDevice.of("cpu"));
        assertEquals(Device.cpu(2), BenchmarkDevice.of("cpu:2"));
        assertEquals(Device.cuda(0), BenchmarkDevice.of("cuda"));
        assertEquals(Device.cuda(1), BenchmarkDevice.of("cuda:1"));
        assertEquals(Device.emulated(), BenchmarkDevice.of("emulated"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "gpu", "CPU", "cpu:", "cpu:0", "cpu:two", "cpu:99999", "cpu:1:2", "cuda:", "cuda:-1", "emulated:2"})
    void whatNamesNoneIsRefused(String text) {
        var error = assertThrows(IllegalArgumentException.class, () -> BenchmarkDevice.of(text));
        assertTrue(error.getMessage().contains('"' + text + '"'), error.getMessage());
    }
}
