package io.maskleap.device.cpu;

import io.maskleap.device.ProductShape;
import io.maskleap.kernel.Dtype;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/**
 * Weights of linear layers in the layout that oneDNN's products want, packed when a layer is first used: from the one in the file they would
 * be packed anew in each product. Used on the device's thread only.
 */
final class PackedWeights implements AutoCloseable {
    /** Rows of the product that chooses a layout: always as many, so that no result depends on which product comes first. */
    private static final long TYPICAL_ROWS = 1024;

    /** What a layout depends on. */
    private record Matrix(long N, long K, long stride, Dtype dtype) {
        static Matrix of(ProductShape s) {
            return new Matrix(s.N(), s.K(), s.wStride(), s.operands());
        }
    }

    private record Weight(long address, Matrix matrix) {
    }

    private final OneDnn dnn;
    private final Arena arena = Arena.ofShared();
    private final Map<Matrix, MemorySegment> layouts = new HashMap<>();
    private final Map<Weight, MemorySegment> packed = new HashMap<>();

    PackedWeights(OneDnn dnn) {
        this.dnn = dnn;
    }

    /** The descriptor of packed weights of this product; owned by this. */
    MemorySegment layout(ProductShape shape) {
        return layouts.computeIfAbsent(Matrix.of(shape), this::choose);
    }

    /** The packed form of {@code weights}, (N, K), which must not change any more. */
    MemorySegment of(ProductShape shape, MemorySegment weights) {
        var matrix = Matrix.of(shape);
        return packed.computeIfAbsent(new Weight(weights.address(), matrix), _ -> {
            var layout = layout(shape);
            var to = arena.allocate(dnn.bytes(layout), OneDnn.ALIGNMENT);
            var stored = dnn.strided(OneDnn.dtype(matrix.dtype), new long[] {matrix.K, matrix.N}, new long[] {1, matrix.stride});
            dnn.reorder(stored, weights, layout, to);
            dnn.destroyDescriptor(stored);
            return to;
        });
    }

    private MemorySegment choose(Matrix matrix) {
        int dtype = OneDnn.dtype(matrix.dtype);
        var x = dnn.strided(dtype, new long[] {TYPICAL_ROWS, matrix.K}, new long[] {matrix.K, 1});
        var y = dnn.strided(dtype, new long[] {TYPICAL_ROWS, matrix.N}, new long[] {matrix.N, 1});
        var any = dnn.anyLayout(dtype, matrix.K, matrix.N);
        var attributes = dnn.attributes(false, 0, 0f);
        var product = dnn.matmul(x, any, MemorySegment.NULL, y, attributes);
        var layout = dnn.copyOfDescriptor(dnn.weightsLayout(product));
        dnn.destroyDescription(product);
        dnn.destroyAttributes(attributes);
        dnn.destroyDescriptor(any);
        dnn.destroyDescriptor(y);
        dnn.destroyDescriptor(x);
        return layout;
    }

    @Override
    public void close() {
        layouts.values().forEach(dnn::destroyDescriptor);
        arena.close();
    }
}
