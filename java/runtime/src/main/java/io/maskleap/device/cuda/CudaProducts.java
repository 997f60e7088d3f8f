package io.maskleap.device.cuda;

import io.maskleap.device.Linear;
import io.maskleap.device.ProductShape;
import io.maskleap.kernel.Activation;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Kernels;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.bytedeco.cuda.cudart.CUstream_st;

/**
 * Matrix products on one stream: cuBLASLt's, with a description and an algorithm kept for each shape. Of a large product the algorithm is the fastest of
 * those that the library's heuristics propose, measured when the shape comes for the first time; of a small one it is the first. A model's streams share
 * what was found.
 */
final class CudaProducts implements AutoCloseable {

    /** A shape at operands of some alignment, in bytes. */
    private record Key(ProductShape shape, int alignment) {
    }

    /**
     * How a shape is computed.
     *
     * @param after     what our own kernel does behind the product, as the library does it not or not exactly
     * @param biasAfter whether it adds the bias, too
     */
    private record Plan(CublasLt.Description description, CublasLt.Algorithm algorithm, Activation after, boolean biasAfter) {
    }

    /** What all of a shape's products share, whatever stream they are on. */
    private record Choice(CublasLt.Epilogue epilogue, CublasLt.Algorithm algorithm) {
    }

    private record BiasKey(long address, long columns) {
    }

    /** What a model's streams share: algorithms by shape, and biases in the dtype that their products want. */
    static final class Shared {
        private final Map<Key, Choice> choices = new ConcurrentHashMap<>();
        private final Map<BiasKey, MemorySegment> bfloat16Biases = new HashMap<>();
        private final WeightStore weights;

        Shared(WeightStore weights) {
            this.weights = weights;
        }

        /** {@code bias}, (1, n) float32, in bfloat16; converted once, and there when this returns. */
        private synchronized MemorySegment bfloat16(Tensor bias, Kernels kernels, CUstream_st stream) {
            return bfloat16Biases.computeIfAbsent(new BiasKey(bias.data().address(), bias.columns()), _ -> {
                var rounded = Tensor.of(weights.allocate(bias.columns() * Dtype.BF16.bytes()), Dtype.BF16, 1, bias.columns());
                kernels.convert(bias, rounded);
                CudaRuntime.synchronize(stream);
                return rounded.data();
            });
        }
    }

    private static final int MOST_ALIGNED = 256;

    private final CublasLt library = new CublasLt();
    private final Shared shared;
    private final Kernels kernels;
    private final CUstream_st stream;
    private final MemorySegment workspace;
    private final Map<Key, Plan> plans = new HashMap<>();

    /** @param workspace device memory that no other work uses at the same time */
    CudaProducts(Shared shared, Kernels kernels, CUstream_st stream, MemorySegment workspace) {
        this.shared = shared;
        this.kernels = kernels;
        this.stream = stream;
        this.workspace = workspace;
    }

    void linear(Tensor x, Linear layer, Tensor y, boolean accumulate) {
        if (x.rows() > 0) {
            multiply(ProductShape.of(x, layer, y, x.rows(), accumulate), x, layer.weight(), layer.bias(), y);
        }
    }

    void product(Tensor a, Tensor b, Tensor y, boolean transposed) {
        multiply(ProductShape.of(a, b, y, transposed), a, b, null, y);
    }

    private void multiply(ProductShape shape, Tensor x, Tensor weight, Tensor bias, Tensor y) {
        var operands = new CublasLt.Operands(x.data(), weight.data(), inDtype(bias, y.dtype()), y.data());
        var key = new Key(shape, alignment(operands));
        var plan = plans.get(key);
        if (plan == null) {
            plan = plan(key, operands);
            plans.put(key, plan);
        }
        library.multiply(plan.description, plan.algorithm, shape.accumulate(), operands, operands.y(), workspace, stream);
        if (plan.biasAfter || plan.after != Activation.NONE) {
            kernels.activation(plan.after, y, plan.biasAfter ? bias : null, y);
        }
    }

    /** The library adds a bias of the result's dtype only. */
    private MemorySegment inDtype(Tensor bias, Dtype dtype) {
        if (bias == null) {
            return MemorySegment.NULL;
        }
        return dtype == Dtype.F32 ? bias.data() : shared.bfloat16(bias, kernels, stream);
    }

    private Plan plan(Key key, CublasLt.Operands operands) {
        var shape = key.shape;
        var choice = shared.choices.get(key);
        if (choice == null) {
            choice = choose(key, operands);
            shared.choices.put(key, choice);
        }
        boolean fused = choice.epilogue == CublasLt.Epilogue.BIAS_GELU;
        return new Plan(library.describe(shape, choice.epilogue), choice.algorithm, fused ? Activation.NONE : shape.activation(),
                shape.biased() && choice.epilogue == CublasLt.Epilogue.NONE);
    }

    /** The first way that the library has: with as much of what follows the sum as it does as we want it, or with nothing. */
    private Choice choose(Key key, CublasLt.Operands operands) {
        CudaException failure = null;
        for (var epilogue : epilogues(key.shape)) {
            try (var description = library.describe(key.shape, epilogue)) {
                return new Choice(epilogue, algorithm(key, description, operands));
            } catch (CudaException e) {
                failure = e;
            }
        }
        throw failure;
    }

    /** The library's GELU is an approximation that only bfloat16 hides, and it has no other activation of ours. */
    static List<CublasLt.Epilogue> epilogues(ProductShape shape) {
        if (!shape.biased()) {
            return List.of(CublasLt.Epilogue.NONE);
        }
        boolean fuses = shape.activation() == Activation.GELU_ERF && shape.result() == Dtype.BF16;
        return List.of(fuses ? CublasLt.Epilogue.BIAS_GELU : CublasLt.Epilogue.BIAS, CublasLt.Epilogue.NONE);
    }

    private CublasLt.Algorithm algorithm(Key key, CublasLt.Description description, CublasLt.Operands operands) {
        var candidates = library.candidates(description, operands, workspace.byteSize(), key.alignment);
        if (!key.shape.accumulate()) {
            return algorithm(key.shape, candidates, description, operands, operands.y());
        }
        var elsewhere = CudaRuntime.malloc(resultBytes(key.shape)); // a result that is added must not be added several times
        try {
            return algorithm(key.shape, candidates, description, operands, elsewhere);
        } finally {
            CudaRuntime.free(elsewhere);
        }
    }

    private static long resultBytes(ProductShape shape) {
        return ((shape.M() - 1) * shape.yStride() + shape.N()) * shape.result().bytes();
    }

    private CublasLt.Algorithm algorithm(ProductShape shape, List<CublasLt.Algorithm> candidates, CublasLt.Description description,
            CublasLt.Operands operands, MemorySegment out) {
        Consumer<CublasLt.Algorithm> run = algorithm -> library.multiply(description, algorithm, shape.accumulate(), operands, out, workspace, stream);
        return FastestAlgorithm.of(candidates, 2.0 * shape.M() * shape.N() * shape.K(), stream, run);
    }

    /** The largest power of two, up to 256, that divides the address of every operand. */
    static int alignment(CublasLt.Operands operands) {
        long bits = operands.x().address() | operands.weight().address() | operands.bias().address() | operands.y().address() | MOST_ALIGNED;
        return (int) Long.lowestOneBit(bits);
    }

    @Override
    public void close() {
        plans.values().forEach(plan -> plan.description.close());
        plans.clear();
        library.close();
    }
}
