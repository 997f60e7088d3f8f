package io.maskleap.device.cuda;

import static org.bytedeco.cuda.global.cudnn.CUDNN_CONVOLUTION_FWD_ALGO_FFT;
import static org.bytedeco.cuda.global.cudnn.CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD_NONFUSED;
import static org.bytedeco.cuda.global.cudnn.CUDNN_CROSS_CORRELATION;
import static org.bytedeco.cuda.global.cudnn.CUDNN_DATA_BFLOAT16;
import static org.bytedeco.cuda.global.cudnn.CUDNN_DATA_FLOAT;
import static org.bytedeco.cuda.global.cudnn.CUDNN_FMA_MATH;
import static org.bytedeco.cuda.global.cudnn.CUDNN_STATUS_NOT_SUPPORTED;
import static org.bytedeco.cuda.global.cudnn.CUDNN_STATUS_SUCCESS;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TENSOR_NHWC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_TENSOR_OP_MATH;
import static org.bytedeco.cuda.global.cudnn.cudnnConvolutionForward;
import static org.bytedeco.cuda.global.cudnn.cudnnCreate;
import static org.bytedeco.cuda.global.cudnn.cudnnCreateConvolutionDescriptor;
import static org.bytedeco.cuda.global.cudnn.cudnnCreateFilterDescriptor;
import static org.bytedeco.cuda.global.cudnn.cudnnCreateTensorDescriptor;
import static org.bytedeco.cuda.global.cudnn.cudnnDestroy;
import static org.bytedeco.cuda.global.cudnn.cudnnDestroyConvolutionDescriptor;
import static org.bytedeco.cuda.global.cudnn.cudnnDestroyFilterDescriptor;
import static org.bytedeco.cuda.global.cudnn.cudnnDestroyTensorDescriptor;
import static org.bytedeco.cuda.global.cudnn.cudnnGetConvolutionForwardAlgorithm_v7;
import static org.bytedeco.cuda.global.cudnn.cudnnGetConvolutionForwardWorkspaceSize;
import static org.bytedeco.cuda.global.cudnn.cudnnGetErrorString;
import static org.bytedeco.cuda.global.cudnn.cudnnSetConvolution2dDescriptor;
import static org.bytedeco.cuda.global.cudnn.cudnnSetConvolutionMathType;
import static org.bytedeco.cuda.global.cudnn.cudnnSetFilter4dDescriptor;
import static org.bytedeco.cuda.global.cudnn.cudnnSetStream;
import static org.bytedeco.cuda.global.cudnn.cudnnSetTensor4dDescriptorEx;

import io.maskleap.device.Convolution;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.cudnn.cudnnConvolutionFwdAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionStruct;
import org.bytedeco.cuda.cudnn.cudnnFilterStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.javacpp.SizeTPointer;

/**
 * Convolutions on one stream: cuDNN's, channels-last, with descriptors and an algorithm kept for each shape: the fastest of those that its heuristics
 * propose within the workspace. A model's streams share what was found. float32 is computed without TF32.
 */
@SuppressWarnings("deprecation") // all of cuDNN 9 has these calls; what is to replace them takes a graph of a dozen descriptors for one convolution
final class CudnnConvolutions implements AutoCloseable {

    /** What makes two convolutions the same work. */
    record Shape(long in, long out, long height, long width, Dtype dtype) {
        private double operations() {
            return 2.0 * height * width * out * in * Convolution.TAPS * Convolution.TAPS;
        }
    }

    /** An algorithm by cuDNN's number. */
    record Algorithm(int number, long workspaceBytes) {
    }

    private static final class Plan {
        private final cudnnTensorStruct x = new cudnnTensorStruct();
        private final cudnnTensorStruct y = new cudnnTensorStruct();
        private final cudnnFilterStruct weight = new cudnnFilterStruct();
        private final cudnnConvolutionStruct convolution = new cudnnConvolutionStruct();
        private Algorithm algorithm;

        private void close() {
            for (var tensor : new cudnnTensorStruct[] {x, y}) {
                if (!tensor.isNull()) {
                    cudnnDestroyTensorDescriptor(tensor);
                }
            }
            if (!weight.isNull()) {
                cudnnDestroyFilterDescriptor(weight);
            }
            if (!convolution.isNull()) {
                cudnnDestroyConvolutionDescriptor(convolution);
            }
        }
    }

    private static final int CANDIDATES = 8;

    private final cudnnContext handle = new cudnnContext();
    private final Map<Shape, Algorithm> algorithms;
    private final CUstream_st stream;
    private MemorySegment workspace;
    private MemorySegment ownWorkspace = MemorySegment.NULL;
    private final Arena arena = Arena.ofShared();
    private final Address one = new Address(arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1));
    private final Address zero = new Address(arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0));
    private final Map<Shape, Plan> plans = new HashMap<>();

    /**
     * @param algorithms those that have been chosen, shared with other streams
     * @param workspace  device memory that no other work uses at the same time
     */
    CudnnConvolutions(Map<Shape, Algorithm> algorithms, CUstream_st stream, MemorySegment workspace) {
        this.algorithms = algorithms;
        this.stream = stream;
        this.workspace = workspace;
        try {
            check(cudnnCreate(handle), "cudnnCreate");
            check(cudnnSetStream(handle, stream), "cudnnSetStream");
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private static void check(int status, String call) {
        if (status != CUDNN_STATUS_SUCCESS) {
            throw new CudaException(status, call + ": " + cudnnGetErrorString(status).getString() + " (" + status + ")");
        }
    }

    /** y = convolution(x), or y += convolution(x), without the bias; x: (height * width, in), y: (height * width, out). */
    void convolve(Tensor x, Convolution convolution, Tensor y, long height, long width, boolean accumulate) {
        convolution.require(x, y, height, width);
        var shape = new Shape(convolution.in(), convolution.out(), height, width, x.dtype());
        var plan = plans.get(shape);
        if (plan == null) {
            plan = plan(shape, x, convolution, y, accumulate);
            plans.put(shape, plan);
        }
        forward(plan, plan.algorithm, accumulate, x, convolution, y.data());
    }

    private void forward(Plan plan, Algorithm algorithm, boolean accumulate, Tensor x, Convolution convolution, MemorySegment out) {
        check(cudnnConvolutionForward(handle, one, plan.x, new Address(x.data()), plan.weight, new Address(convolution.weight().data()), plan.convolution,
                algorithm.number, new Address(workspace), algorithm.workspaceBytes, accumulate ? one : zero, plan.y, new Address(out)),
                "cudnnConvolutionForward");
    }

    private Plan plan(Shape s, Tensor x, Convolution convolution, Tensor y, boolean accumulate) {
        var plan = new Plan();
        try {
            int dtype = type(s.dtype);
            int taps = Convolution.TAPS;
            check(cudnnCreateTensorDescriptor(plan.x), "cudnnCreateTensorDescriptor");
            check(cudnnCreateTensorDescriptor(plan.y), "cudnnCreateTensorDescriptor");
            check(cudnnCreateFilterDescriptor(plan.weight), "cudnnCreateFilterDescriptor");
            check(cudnnCreateConvolutionDescriptor(plan.convolution), "cudnnCreateConvolutionDescriptor");
            setChannelsLast(plan.x, dtype, s.in, s.height, s.width);
            setChannelsLast(plan.y, dtype, s.out, s.height, s.width);
            check(cudnnSetFilter4dDescriptor(plan.weight, dtype, CUDNN_TENSOR_NHWC, (int) s.out, (int) s.in, taps, taps), "cudnnSetFilter4dDescriptor");
            check(cudnnSetConvolution2dDescriptor(plan.convolution, taps / 2, taps / 2, 1, 1, 1, 1, CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
                    "cudnnSetConvolution2dDescriptor");
            int math = s.dtype == Dtype.F32 ? CUDNN_FMA_MATH : CUDNN_TENSOR_OP_MATH;
            check(cudnnSetConvolutionMathType(plan.convolution, math), "cudnnSetConvolutionMathType");
            plan.algorithm = algorithms.get(s);
            if (plan.algorithm == null) {
                plan.algorithm = fastest(plan, s, x, convolution, y, accumulate);
                algorithms.put(s, plan.algorithm);
            }
            reserve(plan.algorithm.workspaceBytes);
            return plan;
        } catch (RuntimeException | Error e) {
            plan.close();
            throw e;
        }
    }

    private static int type(Dtype dtype) {
        return switch (dtype) {
            case F32 -> CUDNN_DATA_FLOAT;
            case BF16 -> CUDNN_DATA_BFLOAT16;
        };
    }

    /** One image. */
    private static void setChannelsLast(cudnnTensorStruct tensor, int dtype, long channels, long height, long width) {
        int c = Math.toIntExact(channels);
        int h = Math.toIntExact(height);
        int w = Math.toIntExact(width);
        check(cudnnSetTensor4dDescriptorEx(tensor, dtype, 1, c, h, w, Math.multiplyExact(Math.multiplyExact(h, w), c), 1, w * c, c),
                "cudnnSetTensor4dDescriptorEx");
    }

    private Algorithm fastest(Plan plan, Shape shape, Tensor x, Convolution convolution, Tensor y, boolean accumulate) {
        var candidates = candidates(plan, shape.dtype);
        if (!accumulate) {
            return FastestAlgorithm.of(candidates, shape.operations(), stream, algorithm -> forward(plan, algorithm, false, x, convolution, y.data()));
        }
        var elsewhere = CudaRuntime.malloc(y.byteSize()); // y holds what the convolution is to be added to
        try {
            return FastestAlgorithm.of(candidates, shape.operations(), stream, algorithm -> forward(plan, algorithm, false, x, convolution, elsewhere));
        } finally {
            CudaRuntime.free(elsewhere);
        }
    }

    /** Those that need no more than the workspace, or the one that needs the least. */
    private List<Algorithm> candidates(Plan plan, Dtype dtype) {
        var all = numbers(plan).filter(number -> dtype != Dtype.F32 || !isTransform(number)).boxed()
                .flatMap(number -> algorithm(plan, number).stream()).sorted(Comparator.comparingLong(Algorithm::workspaceBytes)).toList();
        if (all.isEmpty()) {
            throw new CudaException(CUDNN_STATUS_NOT_SUPPORTED, "cudnnGetConvolutionForwardAlgorithm_v7: no algorithm computes such a convolution of " + dtype);
        }
        var within = all.stream().filter(algorithm -> algorithm.workspaceBytes <= workspace.byteSize()).toList();
        if (within.isEmpty()) {
            reserve(all.getFirst().workspaceBytes);
            return all.subList(0, 1);
        }
        return within;
    }

    /** FFT and Winograd compute other sums, with larger errors than float32 is asked for. */
    private static boolean isTransform(int number) {
        return number >= CUDNN_CONVOLUTION_FWD_ALGO_FFT && number <= CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD_NONFUSED;
    }

    /** Algorithms that may do: the search gives each once for each arithmetic, of which the plan's description already states ours. */
    private IntStream numbers(Plan plan) {
        var found = new int[1];
        try (var results = new cudnnConvolutionFwdAlgoPerf_t(CANDIDATES)) {
            check(cudnnGetConvolutionForwardAlgorithm_v7(handle, plan.x, plan.weight, plan.convolution, plan.y, CANDIDATES, found, results),
                    "cudnnGetConvolutionForwardAlgorithm_v7");
            var numbers = IntStream.range(0, found[0]).mapToObj(results::getPointer).filter(result -> result.status() == CUDNN_STATUS_SUCCESS)
                    .mapToInt(cudnnConvolutionFwdAlgoPerf_t::algo).distinct().toArray();
            return IntStream.of(numbers);
        }
    }

    private Optional<Algorithm> algorithm(Plan plan, int number) {
        var bytes = arena.allocate(ValueLayout.JAVA_LONG);
        int status = cudnnGetConvolutionForwardWorkspaceSize(handle, plan.x, plan.weight, plan.convolution, plan.y, number,
                new SizeTPointer(new Address(bytes)));
        return status == CUDNN_STATUS_SUCCESS ? Optional.of(new Algorithm(number, bytes.get(ValueLayout.JAVA_LONG, 0))) : Optional.empty();
    }

    /** Makes sure that the workspace has so many bytes: more than were given only where no algorithm needs less. */
    private void reserve(long bytes) {
        if (bytes > workspace.byteSize()) {
            var larger = CudaRuntime.malloc(bytes);
            freeOwnWorkspace();
            ownWorkspace = larger;
            workspace = larger;
        }
    }

    private void freeOwnWorkspace() {
        if (ownWorkspace.byteSize() > 0) {
            CudaRuntime.free(ownWorkspace);
            ownWorkspace = MemorySegment.NULL;
        }
    }

    @Override
    public void close() {
        plans.values().forEach(Plan::close);
        plans.clear();
        if (!handle.isNull()) {
            cudnnDestroy(handle);
        }
        freeOwnWorkspace();
        arena.close();
    }
}
