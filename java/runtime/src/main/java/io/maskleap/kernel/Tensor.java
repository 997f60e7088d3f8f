package io.maskleap.kernel;

import java.lang.foreign.MemorySegment;

/**
 * A matrix in device memory: {@code rows} x {@code columns} elements, each row {@code stride} elements after the one
 * before. All that the networks compute on are such rows (a row is a token, or a pixel of a channels-last image), so one
 * type serves for weights, activations and slices of them. It owns nothing.
 *
 * @param data    device memory, starting at the first element
 * @param dtype   of the elements
 * @param rows    may be 0
 * @param columns elements of a row
 * @param stride  elements from one row to the next, at least {@code columns}
 */
public record Tensor(MemorySegment data, Dtype dtype, long rows, long columns, long stride) {

    public Tensor {
        if (rows < 0 || columns < 0 || stride < columns) {
            throw new IllegalArgumentException(
                    "tensor of " + rows + " rows, " + columns + " columns, stride " + stride + " (wanted stride >= columns >= 0)");
        }
        long last = rows == 0 ? 0 : Math.addExact(Math.multiplyExact(rows - 1, stride), columns);
        if (Math.multiplyExact(last, dtype.bytes()) > data.byteSize()) {
            throw new IllegalArgumentException("tensor of " + rows + " x " + columns + " (stride " + stride + ") " + dtype
                    + " needs " + last * dtype.bytes() + " bytes, its memory has " + data.byteSize());
        }
    }

    /** A matrix whose rows follow each other without gaps. */
    public static Tensor of(MemorySegment data, Dtype dtype, long rows, long columns) {
        return new Tensor(data, dtype, rows, columns, columns);
    }

    /** The rows {@code from .. from + count - 1}. */
    public Tensor rows(long from, long count) {
        requireWithin(from, count, rows, "rows");
        return new Tensor(data.asSlice(from * stride * dtype.bytes()), dtype, count, columns, stride);
    }

    /** The columns {@code from .. from + count - 1} of every row. */
    public Tensor columns(long from, long count) {
        requireWithin(from, count, columns, "columns");
        return new Tensor(data.asSlice(from * dtype.bytes()), dtype, rows, count, stride);
    }

    private static void requireWithin(long from, long count, long size, String what) {
        if (from < 0 || count < 0 || from + count > size) {
            throw new IllegalArgumentException(what + " " + from + " to " + (from + count) + " of " + size);
        }
    }

    public boolean isContiguous() {
        return stride == columns || rows <= 1;
    }

    public long byteSize() {
        return rows * columns * dtype.bytes();
    }
}
