package io.maskleap.weights;

import java.util.Arrays;
import java.util.Optional;

/** The element types that weights are stored in; each constant is named as safetensors names it. */
public enum StoredDtype {
    F64(8),
    F32(4),
    F16(2),
    BF16(2),
    I64(8),
    I32(4),
    I16(2),
    I8(1),
    U8(1),
    BOOL(1);

    private final int byteSize;

    StoredDtype(int byteSize) {
        this.byteSize = byteSize;
    }

    /** Bytes per element. */
    public int byteSize() {
        return byteSize;
    }

    /** The name in a safetensors header, such as {@code BF16}. */
    public String safetensorsName() {
        return name();
    }

    /** The dtype of that safetensors name (case-sensitive), or empty where we have none. */
    public static Optional<StoredDtype> ofSafetensorsName(String name) {
        return Arrays.stream(values()).filter(dtype -> dtype.name().equals(name)).findFirst();
    }
}
