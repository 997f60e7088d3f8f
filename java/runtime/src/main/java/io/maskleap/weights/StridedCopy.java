package io.maskleap.weights;

import java.lang.foreign.MemorySegment;

/** Brings the elements of a strided tensor into row-major order. */
final class StridedCopy {
    private StridedCopy() {}

    /**
     * Copies every element; the tensor has been checked against its storage, and is neither empty nor a scalar.
     *
     * @param storage all of the tensor's storage
     * @param target as many bytes as the tensor has
     */
    static void copy(TorchTensor tensor, int elementBytes, MemorySegment storage, MemorySegment target) {
        var inner = tensor.shape().size() - 1;
        var rowLength = tensor.shape().get(inner);
        var rowStride = tensor.strides().get(inner) * elementBytes;
        var index = new long[inner]; // of the current row, in all dimensions but the last
        var written = 0L;
        while (written < target.byteSize()) {
            var from = rowStart(tensor, index) * elementBytes;
            for (var i = 0L; i < rowLength; i++) {
                MemorySegment.copy(storage, from, target, written, elementBytes);
                from += rowStride;
                written += elementBytes;
            }
            advance(tensor, index);
        }
    }

    private static long rowStart(TorchTensor tensor, long[] index) {
        var start = tensor.offset();
        for (var i = 0; i < index.length; i++) {
            start += index[i] * tensor.strides().get(i);
        }
        return start;
    }

    private static void advance(TorchTensor tensor, long[] index) {
        for (var i = index.length - 1; i >= 0; i--) {
            if (++index[i] < tensor.shape().get(i)) {
                return;
            }
            index[i] = 0;
        }
    }
}
