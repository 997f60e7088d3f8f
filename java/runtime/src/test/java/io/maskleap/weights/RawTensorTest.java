package io.maskleap.weights;

import static io.maskleap.weights.Refusal.assertRefused;
import static io.maskleap.weights.StoredDtype.BF16;
import static io.maskleap.weights.StoredDtype.BOOL;
import static io.maskleap.weights.StoredDtype.F16;
import static io.maskleap.weights.StoredDtype.F64;
import static io.maskleap.weights.StoredDtype.I16;
import static io.maskleap.weights.StoredDtype.I64;
import static io.maskleap.weights.StoredDtype.I8;
import static io.maskleap.weights.StoredDtype.U8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;

class RawTensorTest {

    @Test
    void describesItsShape() {
        var tensor = RawTensor.ofFloats("x", new float[6], 2, 3);
        assertEquals(2, tensor.rank());
        assertEquals(3, tensor.dim(1));
        assertEquals(6, tensor.elementCount());
        assertEquals(24, tensor.byteSize());
        assertEquals(1, RawTensor.ofFloats("scalar", new float[1]).elementCount());
        assertEquals(0, RawTensor.ofFloats("empty", new float[0], 4, 0).elementCount());
    }

    @Test
    void renamedKeepsTheData() {
        var tensor = RawTensor.ofFloats("x", new float[6], 2, 3);
        assertEquals("y", tensor.renamed("y").name());
        assertSame(tensor.data(), tensor.renamed("y").data());
    }

    @Test
    void convertsFloatingPoint() {
        var values = new float[] {0f, -1.5f, Float.MIN_VALUE, Float.POSITIVE_INFINITY};
        assertArrayEquals(values, RawTensor.ofFloats("x", values, 4).toFloats());
        assertArrayEquals(new double[] {0, -1.5, Float.MIN_VALUE, Double.POSITIVE_INFINITY},
                RawTensor.ofFloats("x", values, 4).toDoubles());
        assertArrayEquals(new float[] {1f, -2f, 0x1p-24f, 65504f},
                RawTensor.of("x", F16, shorts(0x3c00, 0xc000, 0x0001, 0x7bff), 4).toFloats());
        assertArrayEquals(new float[] {1f, -2f, 0.15625f},
                RawTensor.of("x", BF16, shorts(0x3f80, 0xc000, 0x3e20), 3).toFloats());
        assertArrayEquals(new double[] {0.15625}, RawTensor.of("x", BF16, shorts(0x3e20), 1).toDoubles());
        assertArrayEquals(new float[] {0.1f}, RawTensor.of("x", F64, doubles(0.1), 1).toFloats());
        assertArrayEquals(new double[] {0.1}, RawTensor.of("x", F64, doubles(0.1), 1).toDoubles());
    }

    @Test
    void convertsIntegers() {
        assertArrayEquals(new int[] {-7, 1 << 30}, RawTensor.ofInts("x", new int[] {-7, 1 << 30}, 2).toInts());
        assertArrayEquals(new int[] {-7, 1 << 30}, RawTensor.of("x", I64, longs(-7, 1 << 30), 2).toInts());
        assertArrayEquals(new int[] {-2, 3}, RawTensor.of("x", I16, shorts(0xfffe, 3), 2).toInts());
        assertArrayEquals(new int[] {-1, 127}, RawTensor.of("x", I8, new byte[] {-1, 127}, 2).toInts());
        assertArrayEquals(new int[] {255, 127}, RawTensor.of("x", U8, new byte[] {-1, 127}, 2).toInts());
        assertArrayEquals(new int[] {0, 1}, RawTensor.of("x", BOOL, new byte[] {0, 1}, 2).toInts());
    }

    @Test
    void readsDataAtAnyAddress() {
        var bytes = ByteBuffer.allocate(13).order(ByteOrder.LITTLE_ENDIAN).putFloat(1, 2.5f).putDouble(5, -0.5).array();
        var segment = MemorySegment.ofArray(bytes);
        var floats = new RawTensor("x", StoredDtype.F32, List.of(1L), segment.asSlice(1, 4));
        var doubles = new RawTensor("x", F64, List.of(1L), segment.asSlice(5, 8));
        assertArrayEquals(new float[] {2.5f}, floats.toFloats());
        assertArrayEquals(new double[] {-0.5}, doubles.toDoubles());
    }

    @Test
    void refusesTheOtherKindOfNumber() {
        var ints = RawTensor.ofInts("x", new int[1], 1);
        assertRefused("tensor x is I32, wanted floating-point numbers", ints::toFloats);
        assertRefused("tensor x is I32, wanted floating-point numbers", ints::toDoubles);
        assertRefused("tensor x is F32, wanted integers", RawTensor.ofFloats("x", new float[1], 1)::toInts);
        assertRefused("tensor x: element 1 is 2147483648, wanted a 32-bit integer",
                RawTensor.of("x", I64, longs(0, 1L << 31), 2)::toInts);
    }

    @Test
    void refusesDataOfAnotherSize() {
        assertRefused("tensor x: F32 [2, 3] takes 24 bytes, got 20",
                () -> RawTensor.ofFloats("x", new float[5], 2, 3));
        assertRefused("tensor x: shape [2, -3] has a negative dimension",
                () -> RawTensor.ofFloats("x", new float[5], 2, -3));
        assertRefused("tensor x: shape [4294967296, 4294967296] has more bytes than 64 bits can count",
                () -> RawTensor.ofFloats("x", new float[0], 1L << 32, 1L << 32));
        assertRefused("tensor x: shape [4611686018427387904] has more bytes than 64 bits can count",
                () -> RawTensor.ofFloats("x", new float[0], 1L << 62));
    }

    private static byte[] shorts(int... values) {
        var bytes = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (var value : values) {
            bytes.putShort((short) value);
        }
        return bytes.array();
    }

    private static byte[] longs(long... values) {
        var bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asLongBuffer().put(values);
        return bytes.array();
    }

    private static byte[] doubles(double... values) {
        var bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asDoubleBuffer().put(values);
        return bytes.array();
    }
}
