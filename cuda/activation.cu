/* activation.cu: bias and activation after a matrix product.
 *
 * What      y[r][c] = f(x[r][c] + bias[c]),  f(z) = z / 2 (1 + erf(z / sqrt 2)),  f(z) = z / (1 + exp(-z))  or  f(z) = z
 * Layouts   x, y: (rows, C) dtype; bias: (C) float32 or null; f in float32, rounded once
 * A thread  takes a pack of 16 bytes of a row (one element, where the operands are not aligned)
 * Wants     any sizes; y may be x
 * Source    GELU: Hendrycks and Gimpel 2016
 */
#include "checks.hpp"
#include "elementwise.cuh"

namespace leap {
namespace {

/* x erfc(-x / sqrt 2) / 2: the far negative side keeps its relative accuracy. */
struct Gelu {
    __device__ __forceinline__ float operator()(float x) const { return 0.5f * x * erfcf(x * -0.70710678f); }
};

struct Silu {
    __device__ __forceinline__ float operator()(float x) const { return x / (1.0f + expf(-x)); }
};

struct Identity {
    __device__ __forceinline__ float operator()(float x) const { return x; }
};

template <class Activation, class T, int N>
__global__ void __launch_bounds__(ELEMENTWISE_THREADS)
    activation_kernel(const T* x, const float* bias, T* y, int64_t rows, int64_t C) {
    const PackPosition at = pack_position<N>(rows, C);
    if (at.row < 0) return;
    const int64_t first = at.row * C + at.column;
    float z[N];
    load_floats<N>(x + first, z);
#pragma unroll
    for (int i = 0; i < N; ++i) z[i] = Activation{}(bias ? z[i] + bias[at.column + i] : z[i]);
    store_floats<N>(y + first, z);
}

template <class Activation, class T>
leap_status run(leap_stream stream, const void* x, const float* bias, void* y, int64_t rows, int64_t C) {
    constexpr int N = widest_pack(sizeof(T));
    const bool packs = fits_packs(N, C, {{x, sizeof(T), C}, {y, sizeof(T), C}});
    LEAP_TRY(check_elementwise_grid("activation", rows, C, packs ? N : 1));
    const LaunchShape shape{stream, elementwise_grid(rows, C, packs ? N : 1), {ELEMENTWISE_THREADS}};
    const T* from = static_cast<const T*>(x);
    T* to = static_cast<T*>(y);
    return packs ? launch<activation_kernel<Activation, T, N>>(shape, from, bias, to, rows, C)
                 : launch<activation_kernel<Activation, T, 1>>(shape, from, bias, to, rows, C);
}

template <class Activation>
leap_status run(leap_stream stream, leap_dtype dtype, const void* x, const float* bias, void* y, int64_t rows, int64_t C) {
    return dtype == LEAP_F32 ? run<Activation, float>(stream, x, bias, y, rows, C)
                             : run<Activation, bf16>(stream, x, bias, y, rows, C);
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_activation(leap_stream stream, leap_dtype dtype, int32_t activation, const void* x,
                                        const float* bias, void* y, int64_t rows, int64_t C) {
    using namespace leap;
    LEAP_TRY(checks::activation(dtype, activation, x, y, rows, C));
    if (rows == 0 || C == 0) return LEAP_OK;
    switch (activation) {
        case LEAP_GELU_ERF: return run<Gelu>(stream, dtype, x, bias, y, rows, C);
        case LEAP_SILU: return run<Silu>(stream, dtype, x, bias, y, rows, C);
        default: return run<Identity>(stream, dtype, x, bias, y, rows, C);
    }
}
