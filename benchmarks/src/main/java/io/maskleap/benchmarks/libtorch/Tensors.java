package io.maskleap.benchmarks.libtorch;

import io.maskleap.kernel.Dtype;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** libtorch's tensors beside ours. */
final class Tensors {
    private Tensors() {
    }

    static ScalarType dtype(Dtype dtype) {
        return switch (dtype) {
            case F32 -> ScalarType.Float;
            case BF16 -> ScalarType.BFloat16;
        };
    }

    /** The same memory: (rows, columns) with the same gaps. It must not outlive {@code ours}. */
    static Tensor of(io.maskleap.kernel.Tensor ours) {
        return of(ours.data(), dtype(ours.dtype()), new long[] {ours.rows(), ours.columns()}, new long[] {ours.stride(), 1});
    }

    /** The memory of {@code data} as a tensor, which must not outlive it. */
    static Tensor of(MemorySegment data, ScalarType dtype, long[] sizes, long[] strides) {
        return torch.from_blob(new BytePointer(data.asByteBuffer()), sizes, strides, new TensorOptions(dtype));
    }

    /** int64, as libtorch wants indices. */
    static Tensor indices(int... values) {
        return Tensor.create(values, values.length).to(ScalarType.Long);
    }

    /** All elements in the order of its sizes, as float32. */
    static float[] floats(Tensor tensor) {
        var contiguous = tensor.to(ScalarType.Float).contiguous();
        var values = new float[Math.toIntExact(contiguous.numel())];
        contiguous.data_ptr_float().get(values);
        return values;
    }

    static Scalar scalar(double value) {
        return new Scalar(value);
    }

    /**
     * A value on its way through operations, each of which frees what it has consumed as soon as it is done: as PyTorch does, where a
     * variable is assigned anew.
     */
    static final class Flow {
        private Tensor value;

        private Flow(Tensor value) {
            this.value = value;
        }

        /** Begins with {@code value}, which is freed. */
        static Flow of(Tensor value) {
            return new Flow(value);
        }

        Flow then(UnaryOperator<Tensor> operation) {
            var result = operation.apply(value);
            if (result.address() != value.address()) { // else it was done in place
                value.close();
                value = result;
            }
            return this;
        }

        /** Ends with an operation that returns nothing. */
        void into(Consumer<Tensor> operation) {
            operation.accept(value);
            value.close();
        }

        Tensor get() {
            return value;
        }
    }
}
