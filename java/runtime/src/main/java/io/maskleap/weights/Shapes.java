package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.util.List;

/** Arithmetic on shapes that come from files: a product may overflow, and a dimension may be negative. */
final class Shapes {
    private Shapes() {}

    /**
     * The number of elements of {@code shape}; 1 for rank 0.
     *
     * @param what begins the error's sentence: the path and the tensor's name
     * @throws MaskleapException on a negative dimension, or where the number is beyond 64 bits
     */
    static long elementCount(String what, List<Long> shape) {
        var count = 1L;
        for (long dim : shape) {
            if (dim < 0) {
                throw new MaskleapException(what + ": shape " + shape + " has a negative dimension");
            }
            try {
                count = Math.multiplyExact(count, dim);
            } catch (ArithmeticException e) {
                throw tooLarge(what, shape);
            }
        }
        return count;
    }

    /** The bytes that {@code shape} takes in {@code dtype}; parameters and errors as {@link #elementCount}. */
    static long byteSize(String what, StoredDtype dtype, List<Long> shape) {
        try {
            return Math.multiplyExact(elementCount(what, shape), (long) dtype.byteSize());
        } catch (ArithmeticException e) {
            throw tooLarge(what, shape);
        }
    }

    private static MaskleapException tooLarge(String what, List<Long> shape) {
        return new MaskleapException(what + ": shape " + shape + " has more bytes than 64 bits can count");
    }
}
