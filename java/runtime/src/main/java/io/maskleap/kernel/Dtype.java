package io.maskleap.kernel;

/** What one element of a tensor is, in the numbering of {@code leap_dtype}. */
public enum Dtype {
    F32(0, 4),
    BF16(1, 2);

    /** The value of {@code leap_dtype}. */
    final int code;

    private final int bytes;

    Dtype(int code, int bytes) {
        this.code = code;
        this.bytes = bytes;
    }

    public int bytes() {
        return bytes;
    }
}
