package io.maskleap.device.cuda;

import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_BIAS;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_DEFAULT;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_GELU_BIAS;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_BIAS_POINTER;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_EPILOGUE;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_TRANSA;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLAS_COMPUTE_32F;
import static org.bytedeco.cuda.global.cublas.CUBLAS_OP_N;
import static org.bytedeco.cuda.global.cublas.CUBLAS_OP_T;
import static org.bytedeco.cuda.global.cublas.CUBLAS_STATUS_NOT_SUPPORTED;
import static org.bytedeco.cuda.global.cublas.CUBLAS_STATUS_SUCCESS;
import static org.bytedeco.cuda.global.cublas.cublasLtCreate;
import static org.bytedeco.cuda.global.cublas.cublasLtDestroy;
import static org.bytedeco.cuda.global.cublas.cublasLtGetStatusName;
import static org.bytedeco.cuda.global.cublas.cublasLtGetStatusString;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmul;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulAlgoGetHeuristic;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulDescCreate;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulDescDestroy;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulDescSetAttribute;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulPreferenceCreate;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulPreferenceDestroy;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulPreferenceSetAttribute;
import static org.bytedeco.cuda.global.cublas.cublasLtMatrixLayoutCreate;
import static org.bytedeco.cuda.global.cublas.cublasLtMatrixLayoutDestroy;
import static org.bytedeco.cuda.global.cudart.CUDA_R_16BF;
import static org.bytedeco.cuda.global.cudart.CUDA_R_32F;

import io.maskleap.device.ProductShape;
import io.maskleap.kernel.Dtype;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cublas.cublasLtMatmulAlgo_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulDescOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulHeuristicResult_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulPreferenceOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatrixLayoutOpaque_t;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/**
 * The calls of cuBLASLt that matrix products need, each with its status turned into a {@link CudaException}. It knows columns before rows:
 * a row-major y = x w is y^T = w^T x^T there, so our weight is its first operand and our x its second.
 */
final class CublasLt implements AutoCloseable {

    /** How a product is computed: an algorithm's opaque words, and the workspace that it wants. */
    record Algorithm(long[] words, long workspaceBytes) {
        static final int WORDS = 8;
    }

    /** What follows the sum within the product itself. */
    enum Epilogue {
        NONE(CUBLASLT_EPILOGUE_DEFAULT),
        BIAS(CUBLASLT_EPILOGUE_BIAS),
        /** GELU in its tanh approximation, off by up to 5e-4: less than bfloat16 rounds a value of 0.25 or more. */
        BIAS_GELU(CUBLASLT_EPILOGUE_GELU_BIAS);

        private final int code;

        Epilogue(int code) {
            this.code = code;
        }
    }

    /** A product's descriptors; they own no memory of tensors. */
    static final class Description implements AutoCloseable {
        private final ProductShape shape;
        private final Epilogue epilogue;
        private cublasLtMatmulDescOpaque_t operation;
        private cublasLtMatrixLayoutOpaque_t weight;
        private cublasLtMatrixLayoutOpaque_t x;
        private cublasLtMatrixLayoutOpaque_t y;

        private Description(ProductShape shape, Epilogue epilogue) {
            this.shape = shape;
            this.epilogue = epilogue;
        }

        @Override
        public void close() {
            if (operation != null) {
                cublasLtMatmulDescDestroy(operation);
            }
            for (var layout : new cublasLtMatrixLayoutOpaque_t[] {weight, x, y}) {
                if (layout != null) {
                    cublasLtMatrixLayoutDestroy(layout);
                }
            }
        }
    }

    private static final int CANDIDATES = 4; // each loads kernels of the library, which costs more than it can gain further down the list
    private static final long CANDIDATE_BYTES = 96;

    private final cublasLtContext handle = new cublasLtContext();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment attribute = arena.allocate(Long.BYTES, Long.BYTES);
    private final Address one = new Address(arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1));
    private final Address zero = new Address(arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0));

    /** For the thread's current device. */
    CublasLt() {
        try {
            check(cublasLtCreate(handle), "cublasLtCreate");
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    private static void check(int status, String call) {
        if (status != CUBLAS_STATUS_SUCCESS) {
            throw new CudaException(status, call + ": " + cublasLtGetStatusName(status).getString() + " (" + status + "): "
                    + cublasLtGetStatusString(status).getString());
        }
    }

    /** Descriptors of a product; a bias is of the result's dtype. */
    Description describe(ProductShape s, Epilogue epilogue) {
        var description = new Description(s, epilogue);
        try {
            description.operation = new cublasLtMatmulDescOpaque_t(create("cublasLtMatmulDescCreate",
                    to -> cublasLtMatmulDescCreate(to, CUBLAS_COMPUTE_32F, CUDA_R_32F)));
            set(description.operation, CUBLASLT_MATMUL_DESC_TRANSA, s.transposed() ? CUBLAS_OP_T : CUBLAS_OP_N);
            set(description.operation, CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue.code);
            if (epilogue != Epilogue.NONE) {
                set(description.operation, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, type(s.result()));
            }
            description.weight = s.transposed() ? layout(s.operands(), s.K(), s.N(), s.wStride()) : layout(s.operands(), s.N(), s.K(), s.wStride());
            description.x = layout(s.operands(), s.K(), s.M(), s.xStride());
            description.y = layout(s.result(), s.N(), s.M(), s.yStride());
            return description;
        } catch (RuntimeException e) {
            description.close();
            throw e;
        }
    }

    private interface Creation {
        int into(PointerPointer<?> to);
    }

    private static Pointer create(String call, Creation creation) {
        try (var to = new PointerPointer<Pointer>(1)) {
            check(creation.into(to), call);
            return to.get(0);
        }
    }

    private static int type(Dtype dtype) {
        return switch (dtype) {
            case F32 -> CUDA_R_32F;
            case BF16 -> CUDA_R_16BF;
        };
    }

    private static cublasLtMatrixLayoutOpaque_t layout(Dtype dtype, long rows, long columns, long stride) {
        return new cublasLtMatrixLayoutOpaque_t(create("cublasLtMatrixLayoutCreate of " + rows + " x " + columns,
                to -> cublasLtMatrixLayoutCreate(to, type(dtype), rows, columns, stride)));
    }

    private void set(cublasLtMatmulDescOpaque_t operation, int name, int value) {
        attribute.set(ValueLayout.JAVA_INT, 0, value);
        check(cublasLtMatmulDescSetAttribute(operation, name, new Address(attribute), Integer.BYTES), "cublasLtMatmulDescSetAttribute(" + name + ")");
    }

    /**
     * The algorithms that the library thinks best, the best first.
     *
     * @param operands  those of the product, for their addresses
     * @param alignment bytes that divide the address of every operand, up to 256
     * @throws CudaException where it has none for such a product
     */
    List<Algorithm> candidates(Description d, Operands operands, long workspaceBytes, int alignment) {
        setBias(d, operands);
        var preference = new cublasLtMatmulPreferenceOpaque_t(create("cublasLtMatmulPreferenceCreate", to -> cublasLtMatmulPreferenceCreate(to)));
        try (var scratch = Arena.ofConfined()) {
            attribute.set(ValueLayout.JAVA_LONG, 0, workspaceBytes);
            check(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, new Address(attribute), Long.BYTES),
                    "cublasLtMatmulPreferenceSetAttribute");
            attribute.set(ValueLayout.JAVA_INT, 0, alignment);
            for (int operand : new int[] {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
                check(cublasLtMatmulPreferenceSetAttribute(preference, operand, new Address(attribute), Integer.BYTES),
                        "cublasLtMatmulPreferenceSetAttribute");
            }
            var results = scratch.allocate(CANDIDATES * CANDIDATE_BYTES, Long.BYTES);
            var found = new int[1];
            check(cublasLtMatmulAlgoGetHeuristic(handle, d.operation, d.weight, d.x, d.y, d.y, preference, CANDIDATES,
                    new cublasLtMatmulHeuristicResult_t(new Address(results)), found), "cublasLtMatmulAlgoGetHeuristic");
            var algorithms = new ArrayList<Algorithm>();
            for (int i = 0; i < found[0]; i++) {
                var result = results.asSlice(i * CANDIDATE_BYTES, CANDIDATE_BYTES);
                if (result.get(ValueLayout.JAVA_INT, (Algorithm.WORDS + 1L) * Long.BYTES) == CUBLAS_STATUS_SUCCESS) {
                    algorithms.add(new Algorithm(result.asSlice(0, (long) Algorithm.WORDS * Long.BYTES).toArray(ValueLayout.JAVA_LONG),
                            result.get(ValueLayout.JAVA_LONG, (long) Algorithm.WORDS * Long.BYTES)));
                }
            }
            if (algorithms.isEmpty()) {
                throw new CudaException(CUBLAS_STATUS_NOT_SUPPORTED, "cublasLtMatmulAlgoGetHeuristic: it has no algorithm for " + d.shape);
            }
            return algorithms;
        } finally {
            cublasLtMatmulPreferenceDestroy(preference);
        }
    }

    /** The memory of a product's operands. {@code bias} is of the result's dtype, and looked at only where the epilogue has one. */
    record Operands(MemorySegment x, MemorySegment weight, MemorySegment bias, MemorySegment y) {
    }

    /**
     * Queues a product.
     *
     * @param out where the result goes: {@code operands.y}, or memory of its size
     */
    void multiply(Description d, Algorithm algorithm, boolean accumulate, Operands operands, MemorySegment out, MemorySegment workspace, CUstream_st stream) {
        setBias(d, operands);
        try (var scratch = Arena.ofConfined()) {
            var words = new cublasLtMatmulAlgo_t(new Address(scratch.allocateFrom(ValueLayout.JAVA_LONG, algorithm.words)));
            check(cublasLtMatmul(handle, d.operation, one, new Address(operands.weight), d.weight, new Address(operands.x), d.x, accumulate ? one : zero,
                    new Address(operands.y), d.y, new Address(out), d.y, words, new Address(workspace), algorithm.workspaceBytes, stream),
                    "cublasLtMatmul");
        }
    }

    private void setBias(Description d, Operands operands) {
        if (d.epilogue != Epilogue.NONE) {
            attribute.set(ValueLayout.JAVA_LONG, 0, operands.bias.address());
            check(cublasLtMatmulDescSetAttribute(d.operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, new Address(attribute), Long.BYTES),
                    "cublasLtMatmulDescSetAttribute of the bias");
        }
    }

    @Override
    public void close() {
        cublasLtDestroy(handle);
        arena.close();
    }
}
