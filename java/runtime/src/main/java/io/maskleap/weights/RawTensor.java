package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/**
 * A tensor as it lies in a file: contiguous, row-major, little-endian, not converted.
 *
 * <p>{@code data} is as long as shape and dtype say, need not be aligned to the dtype, and lives as long
 * as the {@link TensorSource} that it came from.
 *
 * @param shape dimensions, outermost first; empty for a scalar
 */
public record RawTensor(String name, StoredDtype dtype, List<Long> shape, MemorySegment data) {

    /** @throws MaskleapException where {@code data} has another size than shape and dtype say */
    public RawTensor {
        shape = List.copyOf(shape);
        var wanted = Shapes.byteSize("tensor " + name, dtype, shape);
        if (data.byteSize() != wanted) {
            throw new MaskleapException("tensor %s: %s %s takes %d bytes, got %d"
                    .formatted(name, dtype, shape, wanted, data.byteSize()));
        }
    }

    /** A tensor of little-endian bytes, which are not copied. */
    public static RawTensor of(String name, StoredDtype dtype, byte[] bytes, long... shape) {
        return new RawTensor(name, dtype, Arrays.stream(shape).boxed().toList(), MemorySegment.ofArray(bytes));
    }

    /** A copy of {@code values} as F32. */
    public static RawTensor ofFloats(String name, float[] values, long... shape) {
        var bytes = new byte[Math.multiplyExact(values.length, Float.BYTES)];
        MemorySegment.copy(values, 0, MemorySegment.ofArray(bytes), LittleEndian.FLOAT, 0, values.length);
        return of(name, StoredDtype.F32, bytes, shape);
    }

    /** A copy of {@code values} as I32. */
    public static RawTensor ofInts(String name, int[] values, long... shape) {
        var bytes = new byte[Math.multiplyExact(values.length, Integer.BYTES)];
        MemorySegment.copy(values, 0, MemorySegment.ofArray(bytes), LittleEndian.INT, 0, values.length);
        return of(name, StoredDtype.I32, bytes, shape);
    }

    /** The same data under another name. */
    public RawTensor renamed(String newName) {
        return new RawTensor(newName, dtype, shape, data);
    }

    public int rank() {
        return shape.size();
    }

    /** The length of dimension {@code i}, 0 being the outermost. */
    public long dim(int i) {
        return shape.get(i);
    }

    public long elementCount() {
        return data.byteSize() / dtype.byteSize();
    }

    public long byteSize() {
        return data.byteSize();
    }

    /**
     * The elements of an F32, F16, BF16 or F64 tensor, in row-major order; F64 is rounded.
     *
     * @throws MaskleapException for another dtype, or more elements than an array holds
     */
    public float[] toFloats() {
        requireFloatingPoint();
        var values = new float[arrayLength()];
        switch (dtype) {
            case F32 -> MemorySegment.copy(data, LittleEndian.FLOAT, 0, values, 0, values.length);
            case F64 -> {
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) data.getAtIndex(LittleEndian.DOUBLE, i);
                }
            }
            case F16 -> {
                for (int i = 0; i < values.length; i++) {
                    values[i] = Float.float16ToFloat(data.getAtIndex(LittleEndian.SHORT, i));
                }
            }
            case BF16 -> {
                for (int i = 0; i < values.length; i++) {
                    values[i] = Float.intBitsToFloat(data.getAtIndex(LittleEndian.SHORT, i) << 16);
                }
            }
            default -> throw new AssertionError(dtype);
        }
        return values;
    }

    /** As {@link #toFloats}, exactly: every one of those dtypes fits a double. */
    public double[] toDoubles() {
        requireFloatingPoint();
        var values = new double[arrayLength()];
        if (dtype == StoredDtype.F64) {
            MemorySegment.copy(data, LittleEndian.DOUBLE, 0, values, 0, values.length);
        } else {
            var floats = toFloats();
            Arrays.setAll(values, i -> floats[i]);
        }
        return values;
    }

    /**
     * The elements of an integer or BOOL tensor (0 or 1), in row-major order.
     *
     * @throws MaskleapException for a floating-point dtype, an I64 value beyond 32 bits, or more elements
     *     than an array holds
     */
    public int[] toInts() {
        if (isFloatingPoint()) {
            throw new MaskleapException("tensor %s is %s, wanted integers".formatted(name, dtype));
        }
        var values = new int[arrayLength()];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (dtype) {
                case I64 -> intAt(i);
                case I32 -> data.getAtIndex(LittleEndian.INT, i);
                case I16 -> data.getAtIndex(LittleEndian.SHORT, i);
                case I8 -> byteAt(i);
                case U8 -> Byte.toUnsignedInt(byteAt(i));
                case BOOL -> byteAt(i) == 0 ? 0 : 1;
                default -> throw new AssertionError(dtype);
            };
        }
        return values;
    }

    private int intAt(int i) {
        var value = data.getAtIndex(LittleEndian.LONG, i);
        if (value != (int) value) {
            throw new MaskleapException(
                    "tensor %s: element %d is %d, wanted a 32-bit integer".formatted(name, i, value));
        }
        return (int) value;
    }

    private byte byteAt(int i) {
        return data.get(ValueLayout.JAVA_BYTE, i);
    }

    private boolean isFloatingPoint() {
        return switch (dtype) {
            case F64, F32, F16, BF16 -> true;
            case I64, I32, I16, I8, U8, BOOL -> false;
        };
    }

    private void requireFloatingPoint() {
        if (!isFloatingPoint()) {
            throw new MaskleapException("tensor %s is %s, wanted floating-point numbers".formatted(name, dtype));
        }
    }

    private int arrayLength() {
        var count = elementCount();
        if (count > Integer.MAX_VALUE - 8) { // the longest array that the JVM makes
            throw new MaskleapException(
                    "tensor %s has %d elements, more than a Java array holds".formatted(name, count));
        }
        return (int) count;
    }
}
