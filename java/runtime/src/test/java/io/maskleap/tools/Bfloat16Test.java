package io.maskleap.tools;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.maskleap.weights.RawTensor;
import io.maskleap.weights.StoredDtype;
import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Bfloat16Test {

    @ParameterizedTest
    @CsvSource({"1, 0x3f80", "-1, 0xbf80", "0, 0x0000", "-0.0, 0x8000", "1.00390625, 0x3f80", "1.01171875, 0x3f82", "1.004, 0x3f81",
        "3.4028235e38, 0x7f80", "1e-40, 0x0001"})
    void roundsToTheNearestAndTiesToEven(float value, String bits) {
        assertEquals(Integer.decode(bits), Short.toUnsignedInt(Bfloat16.round(value)));
    }

    @Test
    void keepsNameAndShape() {
        try (var memory = Arena.ofConfined()) {
            var tensor = new RawTensor("w", StoredDtype.F32, List.of(2L, 3L), memory.allocateFrom(JAVA_FLOAT, 1, 2, -3, 0.5f, 256.5f, 7));
            var rounded = Bfloat16.of(tensor, memory);
            assertEquals("w", rounded.name());
            assertEquals(StoredDtype.BF16, rounded.dtype());
            assertEquals(List.of(2L, 3L), rounded.shape());
            assertArrayEquals(new float[] {1, 2, -3, 0.5f, 256, 7}, rounded.toFloats());
        }
    }
}
