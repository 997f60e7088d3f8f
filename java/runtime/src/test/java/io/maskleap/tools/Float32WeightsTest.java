package io.maskleap.tools;

import static io.maskleap.tools.Refusal.assertRefused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.maskleap.weights.RawTensor;
import io.maskleap.weights.StoredDtype;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class Float32WeightsTest {
    private static final Path FILE = Path.of("a.pth");
    private static final float[] VALUES = {1.5f, -2, 0, 0.25f}; // exact in every dtype

    private final Arena memory = Arena.ofConfined();

    @AfterEach
    void freeMemory() {
        memory.close();
    }

    @Test
    void takesFloat32InPlace() {
        var data = memory.allocate(2L * Float.BYTES, Float.BYTES);
        var tensor = new RawTensor("t", StoredDtype.F32, List.of(2L), data);
        assertSame(data, Float32Weights.of(FILE, tensor, memory).data());
    }

    @Test
    void copiesFloat32ThatIsNotAligned() {
        var data = memory.allocate(1 + 2L * Float.BYTES, Float.BYTES).asSlice(1);
        var aligned = Float32Weights.of(FILE, new RawTensor("t", StoredDtype.F32, List.of(2L), data), memory);
        assertEquals(0, aligned.data().address() % Float.BYTES);
        assertArrayEquals(new float[2], aligned.toFloats());
    }

    @ParameterizedTest
    @EnumSource(names = {"F64", "F16", "BF16"})
    void convertsOtherFloatingPoint(StoredDtype dtype) {
        var bytes = ByteBuffer.allocate(VALUES.length * dtype.byteSize()).order(ByteOrder.LITTLE_ENDIAN);
        for (var value : VALUES) {
            switch (dtype) {
                case F64 -> bytes.putDouble(value);
                case F16 -> bytes.putShort(Float.floatToFloat16(value));
                case BF16 -> bytes.putShort((short) (Float.floatToRawIntBits(value) >> 16));
                default -> throw new AssertionError(dtype);
            }
        }
        var converted = Float32Weights.of(FILE, RawTensor.of("t", dtype, bytes.array(), 2, 2), memory);
        assertEquals(StoredDtype.F32, converted.dtype());
        assertEquals(List.of(2L, 2L), converted.shape());
        assertArrayEquals(VALUES, converted.toFloats());
    }

    @Test
    void refusesWhatFloat32DoesNotHold() {
        var bytes = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putDouble(1).putDouble(-1e300).array();
        assertRefused("a.pth: tensor t: element 1 is -Infinity in float32, wanted finite weights",
                () -> Float32Weights.of(FILE, RawTensor.of("t", StoredDtype.F64, bytes, 2), memory));
    }

    @ParameterizedTest
    @CsvSource({"F32, 7fc00000, NaN", "F32, ff800000, -Infinity", "BF16, 7fc0, NaN", "BF16, 7f80, Infinity", "F16, 7e00, NaN",
        "F16, fc00, -Infinity", "F64, 7ff0000000000000, Infinity", "F64, 7ff8000000000001, NaN"})
    void refusesWhatIsNoNumber(StoredDtype dtype, String bits, String shown) {
        var size = dtype.byteSize();
        var bytes = ByteBuffer.allocate(Long.BYTES + size).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(size, Long.parseUnsignedLong(bits, 16));
        var tensor = RawTensor.of("a.b", dtype, Arrays.copyOf(bytes.array(), 2 * size), 2);
        assertRefused("a.pth: tensor a.b: element 1 is %s in float32, wanted finite weights".formatted(shown),
                () -> Float32Weights.of(FILE, tensor, memory));
    }

    @Test
    void refusesIntegers() {
        assertRefused("a.pth: tensor t is I32, wanted floating-point numbers",
                () -> Float32Weights.of(FILE, RawTensor.ofInts("t", new int[] {1}, 1), memory));
    }
}
