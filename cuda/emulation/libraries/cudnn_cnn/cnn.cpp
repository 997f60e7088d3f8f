/* cnn.cpp: libcudnn_cnn: convolutions.
 *
 * What      y[n][i][j][k] = alpha sum_rsc x[n][i s - p + r d][j s - p + c d][c] w[k][r][s][c] + beta y[n][i][j][k]; outside x is 0
 * Layouts   x, y: (n, h, w, c); w: (outputs, rows, columns, inputs); all channels-last, without gaps, of one dtype
 * A thread  that waits computes
 * Wants     sums in float32. Unless the math type is FMA, products of float32 have operands rounded to TF32, as a GPU's may
 * Source    cuDNN 9 documentation: cudnn_cnn library; TF32: NVIDIA A100 whitepaper
 */
#include <memory>

#include "emulation/libraries/cudnn.hpp"

namespace leap::emulation::cudnn {
namespace {

/* cudnnConvolutionFwdAlgo_t. */
enum : int { IMPLICIT_GEMM = 0, IMPLICIT_PRECOMP_GEMM = 1, WINOGRAD = 6 };

constexpr int64_t WORKSPACE_BYTES = 1 << 20;  // of IMPLICIT_PRECOMP_GEMM

/* cudnnConvolutionFwdAlgoPerf_t. */
struct Candidate {
    int algorithm, status;
    float time;
    std::size_t workspace;
    int determinism, math;
    int reserved[3];
};
static_assert(sizeof(Candidate) == 48);

struct Problem {
    Tensor x, y;
    Filter filter;
    Convolution convolution;
};

int64_t output_size(int64_t size, int64_t taps, const Convolution& c, int axis) {
    return (size + 2 * c.padding[axis] - c.dilation[axis] * (taps - 1) - 1) / c.stride[axis] + 1;
}

/* Rounded to TF32's 10 bits of mantissa, to the nearest, ties away from zero. */
float to_tf32(float x) {
    if (x - x != 0) return x;
    return std::bit_cast<float>((std::bit_cast<uint32_t>(x) + 0x1000) & ~0x1FFFu);
}

class Forward : public Work {
public:
    Problem problem;
    float alpha, beta;
    const void *x, *w;
    void *y, *workspace;
    int64_t workspace_bytes = 0;

    Outcome run() const override {
        const Outcome outcomes[] = {check_access("cudnnConvolutionForward: x", x, problem.x.bytes()),
                                    check_access("cudnnConvolutionForward: w", w, problem.filter.bytes()),
                                    check_access("cudnnConvolutionForward: y", y, problem.y.bytes()),
                                    check_access("cudnnConvolutionForward: workspace", workspace, workspace_bytes)};
        for (const Outcome& outcome : outcomes)
            if (outcome.error != SUCCESS) return outcome;
        if (workspace_bytes > 0) std::memset(workspace, 0xFF, workspace_bytes);
        convolve();
        return {};
    }

private:
    float operand(const void* memory, int64_t index) const {
        const float value = load(problem.x.dtype, memory, index);
        return problem.convolution.math == FMA_MATH ? value : to_tf32(value);
    }

    /* (rows, columns, inputs, outputs) */
    std::vector<float> packed_filter() const {
        const Filter& f = problem.filter;
        const int64_t taps = f.rows * f.columns * f.inputs;
        std::vector<float> out(taps * f.outputs);
        for (int64_t k = 0; k < f.outputs; ++k)
            for (int64_t tap = 0; tap < taps; ++tap) out[tap * f.outputs + k] = operand(w, k * taps + tap);
        return out;
    }

    std::vector<float> packed_input() const {
        std::vector<float> out(problem.x.bytes() / bytes_of(problem.x.dtype));
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = operand(x, int64_t(i));
        return out;
    }

    void convolve() const {
        const std::vector<float> input = packed_input(), filter = packed_filter();
        std::vector<float> sums(ROWS * problem.filter.outputs);
        for (int64_t n = 0; n < problem.y.sizes[0]; ++n)
            for (int64_t i = 0; i < problem.y.sizes[2]; ++i)
                for (int64_t j = 0; j < problem.y.sizes[3]; j += ROWS) {
                    std::fill(sums.begin(), sums.end(), 0.0f);
                    add_taps(input, filter, n, i, j, sums);
                    finish(n, i, j, sums);
                }
    }

    /* ROWS neighbouring pixels of a row of y, from column j. */
    void add_taps(const std::vector<float>& input, const std::vector<float>& filter, int64_t n, int64_t i, int64_t j,
                  std::vector<float>& sums) const {
        const Convolution& conv = problem.convolution;
        const Filter& f = problem.filter;
        const int64_t height = problem.x.sizes[2], width = problem.x.sizes[3];
        const std::vector<float> outside(f.inputs, 0.0f);
        for (int64_t r = 0; r < f.rows; ++r) {
            const int64_t row = i * conv.stride[0] - conv.padding[0] + r * conv.dilation[0];
            if (row < 0 || row >= height) continue;
            for (int64_t s = 0; s < f.columns; ++s) {
                const float* pixels[ROWS];
                float* sum[ROWS];
                for (int64_t p = 0; p < ROWS; ++p) {
                    const int64_t column = (j + p) * conv.stride[1] - conv.padding[1] + s * conv.dilation[1];
                    const bool inside = column >= 0 && column < width;
                    pixels[p] = inside ? &input[((n * height + row) * width + column) * f.inputs] : outside.data();
                    sum[p] = &sums[p * f.outputs];
                }
                multiply_add(&filter[(r * f.columns + s) * f.inputs * f.outputs], f.outputs, f.inputs, pixels, sum);
            }
        }
    }

    void finish(int64_t n, int64_t i, int64_t j, const std::vector<float>& sums) const {
        const Tensor& out = problem.y;
        for (int64_t p = 0; p < ROWS && j + p < out.sizes[3]; ++p)
            for (int64_t k = 0; k < out.sizes[1]; ++k) {
                const int64_t at = ((n * out.sizes[2] + i) * out.sizes[3] + j + p) * out.sizes[1] + k;
                float value = alpha * sums[p * out.sizes[1] + k];
                if (beta != 0) value += beta * load(out.dtype, y, at);
                store(out.dtype, y, at, value);
            }
    }
};

/* The descriptors by their handles, and what holds whatever the pointers are. */
int look_up(const char* function, Problem& problem, void* x, void* filter, void* convolution, void* y) {
    const Tensor *from = find<Tensor>(x), *to = find<Tensor>(y);
    const Filter* weights = find<Filter>(filter);
    const Convolution* how = find<Convolution>(convolution);
    if (!from || !to || !weights || !how) return refuse(BAD_PARAM_NULL_POINTER, "%s: a descriptor is none", function);
    if (!from->is_set || !to->is_set || !weights->is_set || !how->is_set) return refuse(BAD_PARAM, "%s: a descriptor is not set", function);
    if (from->dtype != to->dtype || from->dtype != weights->dtype) return refuse(NOT_SUPPORTED, "%s: dtypes differ", function);
    if (!from->is_nhwc() || !to->is_nhwc()) return refuse(NOT_SUPPORTED, "%s: x and y must be channels-last without gaps", function);
    if (from->sizes[1] != weights->inputs)
        return refuse(BAD_PARAM, "%s: x has %lld channels, the filter %lld", function, (long long)from->sizes[1],
                      (long long)weights->inputs);
    const int64_t rows = output_size(from->sizes[2], weights->rows, *how, 0);
    const int64_t columns = output_size(from->sizes[3], weights->columns, *how, 1);
    if (to->sizes[0] != from->sizes[0] || to->sizes[1] != weights->outputs || to->sizes[2] != rows || to->sizes[3] != columns)
        return refuse(BAD_PARAM, "%s: y must be %lld x %lld x %lld x %lld", function, (long long)from->sizes[0],
                      (long long)weights->outputs, (long long)rows, (long long)columns);
    problem = {*from, *to, *weights, *how};
    return STATUS_SUCCESS;
}

}  // namespace
}  // namespace leap::emulation::cudnn

using namespace leap::emulation;
using namespace leap::emulation::cudnn;

EMULATED_API int cudnnCreateConvolutionDescriptor(void** convolution) {
    return create_for<Convolution>("cudnnCreateConvolutionDescriptor", convolution);
}

EMULATED_API int cudnnDestroyConvolutionDescriptor(void* convolution) {
    return destroy_for<Convolution>("cudnnDestroyConvolutionDescriptor", convolution);
}

EMULATED_API int cudnnSetConvolution2dDescriptor(void* convolution, int row_padding, int column_padding, int row_stride,
                                                 int column_stride, int row_dilation, int column_dilation, int mode, int dtype) {
    constexpr int CROSS_CORRELATION = 1;
    return descriptor_call("cudnnSetConvolution2dDescriptor", [&]() -> int {
        Convolution* found = find<Convolution>(convolution);
        if (!found) return refuse(BAD_PARAM_NULL_POINTER, "cudnnSetConvolution2dDescriptor: there is no such descriptor");
        if (row_padding < 0 || column_padding < 0 || row_stride < 1 || column_stride < 1 || row_dilation < 1 || column_dilation < 1)
            return refuse(BAD_PARAM, "cudnnSetConvolution2dDescriptor: a padding is negative, or a stride or dilation not positive");
        if (mode != CROSS_CORRELATION || dtype != DATA_FLOAT)
            return refuse(NOT_SUPPORTED, "cudnnSetConvolution2dDescriptor: mode %d in dtype %d is not supported", mode, dtype);
        const int64_t padding[] = {row_padding, column_padding}, stride[] = {row_stride, column_stride};
        const int64_t dilation[] = {row_dilation, column_dilation};
        std::copy_n(padding, 2, found->padding);
        std::copy_n(stride, 2, found->stride);
        std::copy_n(dilation, 2, found->dilation);
        found->is_set = true;
        return STATUS_SUCCESS;
    });
}

EMULATED_API int cudnnSetConvolutionMathType(void* convolution, int math) {
    return descriptor_call("cudnnSetConvolutionMathType", [&]() -> int {
        Convolution* found = find<Convolution>(convolution);
        if (!found) return refuse(BAD_PARAM_NULL_POINTER, "cudnnSetConvolutionMathType: there is no such descriptor");
        if (math < DEFAULT_MATH || math > FMA_MATH) return refuse(BAD_PARAM, "cudnnSetConvolutionMathType: %d is no math type", math);
        found->math = math;
        return STATUS_SUCCESS;
    });
}

EMULATED_API int cudnnGetConvolutionForwardAlgorithm_v7(void* handle, void* x, void* filter, void* convolution, void* y, int wanted,
                                                        int* count, Candidate* results) {
    constexpr const char* NAME = "cudnnGetConvolutionForwardAlgorithm_v7";
    return handle_call(NAME, handle, [&](const Handle&) -> int {
        Problem problem;
        if (!count || !results) return refuse(BAD_PARAM_NULL_POINTER, "%s: the results have no place", NAME);
        if (wanted < 1) return refuse(BAD_PARAM, "%s: %d results are wanted", NAME, wanted);
        if (const int status = look_up(NAME, problem, x, filter, convolution, y)) return status;
        // One that cannot be taken stands between the others: who takes the next best must look at the status.
        const int math = problem.convolution.math;
        const Candidate all[] = {
            {IMPLICIT_PRECOMP_GEMM, STATUS_SUCCESS, 0.1f, std::size_t(WORKSPACE_BYTES), 1, math, {}},
            {WINOGRAD, NOT_SUPPORTED, -1, 0, 1, math, {}},
            {IMPLICIT_GEMM, STATUS_SUCCESS, 0.2f, 0, 1, math, {}},
        };
        *count = std::min(wanted, int(std::size(all)));
        std::copy_n(all, *count, results);
        return STATUS_SUCCESS;
    });
}

EMULATED_API int cudnnGetConvolutionForwardWorkspaceSize(void* handle, void* x, void* filter, void* convolution, void* y, int algorithm,
                                                         std::size_t* bytes) {
    constexpr const char* NAME = "cudnnGetConvolutionForwardWorkspaceSize";
    return handle_call(NAME, handle, [&](const Handle&) -> int {
        Problem problem;
        if (!bytes) return refuse(BAD_PARAM_NULL_POINTER, "%s: the size has no place", NAME);
        if (const int status = look_up(NAME, problem, x, filter, convolution, y)) return status;
        if (algorithm != IMPLICIT_GEMM && algorithm != IMPLICIT_PRECOMP_GEMM)
            return refuse(NOT_SUPPORTED, "%s: algorithm %d is not supported", NAME, algorithm);
        *bytes = algorithm == IMPLICIT_PRECOMP_GEMM ? WORKSPACE_BYTES : 0;
        return STATUS_SUCCESS;
    });
}

EMULATED_API int cudnnConvolutionForward(void* handle, const void* alpha, void* x_descriptor, const void* x, void* filter,
                                         const void* w, void* convolution, int algorithm, void* workspace,
                                         std::size_t workspace_bytes, const void* beta, void* y_descriptor, void* y) {
    constexpr const char* NAME = "cudnnConvolutionForward";
    return handle_call(NAME, handle, [&](const Handle& found) -> int {
        auto work = std::make_unique<Forward>();
        if (const int status = look_up(NAME, work->problem, x_descriptor, filter, convolution, y_descriptor)) return status;
        if (!alpha || !beta || !x || !w || !y) return refuse(BAD_PARAM_NULL_POINTER, "%s: alpha, beta, x, w and y must not be null", NAME);
        if (algorithm != IMPLICIT_GEMM && algorithm != IMPLICIT_PRECOMP_GEMM)
            return refuse(NOT_SUPPORTED, "%s: algorithm %d is not supported", NAME, algorithm);
        const int64_t needed = algorithm == IMPLICIT_PRECOMP_GEMM ? WORKSPACE_BYTES : 0;
        if (workspace_bytes < std::size_t(needed) || (needed > 0 && !workspace))
            return refuse(BAD_PARAM, "%s: the workspace must have %lld bytes", NAME, (long long)needed);
        if (x == y || w == y) return refuse(BAD_PARAM, "%s: y must not be x or w", NAME);
        work->x = x, work->w = w, work->y = y, work->workspace = workspace, work->workspace_bytes = needed;
        std::memcpy(&work->alpha, alpha, sizeof(float));
        std::memcpy(&work->beta, beta, sizeof(float));
        return queue_work(NAME, found, work.release());
    });
}
