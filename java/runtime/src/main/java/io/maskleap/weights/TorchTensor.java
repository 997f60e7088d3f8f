package io.maskleap.weights;

import java.util.List;

/**
 * A tensor in a checkpoint's tree: a view of a storage, as the file describes it and not yet checked.
 *
 * <p>Element {@code [i0][i1]...} is the storage's element {@code offset + i0 * strides[0] + i1 * strides[1] + ...};
 * {@link TorchTensorReader} checks it and makes it a {@link RawTensor}.
 */
record TorchTensor(TorchStorage storage, long offset, List<Long> shape, List<Long> strides) {

    TorchTensor {
        shape = List.copyOf(shape);
        strides = List.copyOf(strides);
    }

    /** Whether the elements lie one after another in row-major order; the stride of a length of 1 does not matter. */
    boolean isContiguous() {
        var wanted = 1L;
        for (var i = shape.size() - 1; i >= 0; i--) {
            if (shape.get(i) != 1 && strides.get(i) != wanted) {
                return false;
            }
            wanted *= shape.get(i);
        }
        return true;
    }

    /** The highest index into the storage; for a tensor that is not empty and has no negative stride. */
    long lastIndex() throws ArithmeticException {
        var last = offset;
        for (var i = 0; i < shape.size(); i++) {
            last = Math.addExact(last, Math.multiplyExact(shape.get(i) - 1, strides.get(i)));
        }
        return last;
    }
}
