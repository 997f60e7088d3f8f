package io.maskleap.weights;

import java.util.Optional;

/**
 * The memory behind one tensor or several, as a checkpoint refers to it.
 *
 * @param key names the archive's entry {@code data/<key>}
 * @param type the class in Python's module {@code torch}, such as {@code FloatStorage}
 * @param elementCount its length in elements of that type
 */
record TorchStorage(String key, String type, long elementCount) {

    /** The element type, or empty where we have none (complex, quantised). */
    Optional<StoredDtype> dtype() {
        return Optional.ofNullable(switch (type) {
            case "DoubleStorage" -> StoredDtype.F64;
            case "FloatStorage" -> StoredDtype.F32;
            case "HalfStorage" -> StoredDtype.F16;
            case "BFloat16Storage" -> StoredDtype.BF16;
            case "LongStorage" -> StoredDtype.I64;
            case "IntStorage" -> StoredDtype.I32;
            case "ShortStorage" -> StoredDtype.I16;
            case "CharStorage" -> StoredDtype.I8;
            case "ByteStorage" -> StoredDtype.U8;
            case "BoolStorage" -> StoredDtype.BOOL;
            default -> null;
        });
    }
}
