package io.maskleap.tools;

import io.maskleap.error.MaskleapException;
import io.maskleap.weights.RawTensor;
import io.maskleap.weights.StoredDtype;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;

/** Brings weights to what a model folder holds: float32, and all of it finite. */
final class Float32Weights {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Float32Weights() {
    }

    /**
     * The tensor as aligned float32: in place where it is that already, else rounded into {@code memory} (not into the
     * heap, which then needs room for one tensor at a time only).
     *
     * @param file begins every error's sentence
     * @throws MaskleapException where the tensor is not of floating point, or a value is not finite in float32
     */
    static RawTensor of(Path file, RawTensor tensor, Arena memory) {
        var inPlace = tensor.dtype() == StoredDtype.F32 && tensor.data().maxByteAlignment() >= Float.BYTES;
        var data = inPlace ? tensor.data() : converted(file, tensor, memory);
        requireFinite(file, tensor.name(), data);
        return new RawTensor(tensor.name(), StoredDtype.F32, tensor.shape(), data);
    }

    private static MemorySegment converted(Path file, RawTensor tensor, Arena memory) {
        try {
            return memory.allocateFrom(FLOAT, tensor.toFloats());
        } catch (MaskleapException e) {
            throw new MaskleapException(file + ": " + e.getMessage(), e);
        }
    }

    private static void requireFinite(Path file, String name, MemorySegment data) {
        for (var i = 0L; i < data.byteSize() / Float.BYTES; i++) {
            var value = data.getAtIndex(FLOAT, i);
            if (!Float.isFinite(value)) {
                throw new MaskleapException("%s: tensor %s: element %d is %s in float32, wanted finite weights"
                        .formatted(file, name, i, value));
            }
        }
    }
}
