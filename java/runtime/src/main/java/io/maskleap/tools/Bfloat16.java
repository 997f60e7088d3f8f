package io.maskleap.tools;

import io.maskleap.weights.RawTensor;
import io.maskleap.weights.StoredDtype;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Rounds float32 weights to bfloat16. */
final class Bfloat16 {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Bfloat16() {
    }

    /** An aligned, finite float32 tensor in bfloat16, in {@code memory}. */
    static RawTensor of(RawTensor tensor, Arena memory) {
        var data = memory.allocate(tensor.elementCount() * Short.BYTES, Float.BYTES);
        for (long i = 0; i < tensor.elementCount(); i++) {
            data.setAtIndex(SHORT, i, round(tensor.data().getAtIndex(FLOAT, i)));
        }
        return new RawTensor(tensor.name(), StoredDtype.BF16, tensor.shape(), data);
    }

    /** The nearest bfloat16, ties to even; a magnitude beyond the largest becomes infinite. */
    static short round(float value) {
        int bits = Float.floatToRawIntBits(value);
        return (short) (bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
    }
}
