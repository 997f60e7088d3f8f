/* swiglu.cu: the gate of a SwiGLU feed-forward network.
 *
 * What      y[r][c] = silu(gate[r][c]) * up[r][c],  silu(g) = g / (1 + exp(-g))
 * Layouts   gate, up: (rows, C) dtype, rows `stride` apart; y: (rows, C) dtype without gaps; float32 inside, rounded once
 * A thread  takes a pack of 16 bytes of a row (one element, where the operands are not aligned)
 * Wants     any sizes; y may be gate or up where stride is C
 * Source    Shazeer 2020, eq. 6 (beta = 1)
 */
#include "checks.hpp"
#include "elementwise.cuh"

namespace leap {
namespace {

template <class T, int N>
__global__ void __launch_bounds__(ELEMENTWISE_THREADS)
    swiglu_kernel(const T* gate, const T* up, int64_t stride, T* y, int64_t rows, int64_t C) {
    const PackPosition at = pack_position<N>(rows, C);
    if (at.row < 0) return;
    float g[N], u[N];
    load_floats<N>(gate + at.row * stride + at.column, g);
    load_floats<N>(up + at.row * stride + at.column, u);
#pragma unroll
    for (int i = 0; i < N; ++i) u[i] *= g[i] / (1.0f + expf(-g[i]));
    store_floats<N>(y + at.row * C + at.column, u);
}

template <class T>
leap_status run(leap_stream stream, const void* gate, const void* up, int64_t stride, void* y, int64_t rows, int64_t C) {
    constexpr int N = widest_pack(sizeof(T));
    const bool packs = fits_packs(N, C, {{gate, sizeof(T), stride}, {up, sizeof(T), stride}, {y, sizeof(T), C}});
    LEAP_TRY(check_elementwise_grid("swiglu", rows, C, packs ? N : 1));
    const LaunchShape shape{stream, elementwise_grid(rows, C, packs ? N : 1), {ELEMENTWISE_THREADS}};
    const T* gates = static_cast<const T*>(gate);
    const T* ups = static_cast<const T*>(up);
    T* to = static_cast<T*>(y);
    return packs ? launch<swiglu_kernel<T, N>>(shape, gates, ups, stride, to, rows, C)
                 : launch<swiglu_kernel<T, 1>>(shape, gates, ups, stride, to, rows, C);
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_swiglu(leap_stream stream, leap_dtype dtype, const void* gate, const void* up, int64_t stride,
                                    void* y, int64_t rows, int64_t C) {
    LEAP_TRY(leap::checks::swiglu(dtype, gate, up, stride, y, rows, C));
    if (rows == 0 || C == 0) return LEAP_OK;
    return dtype == LEAP_F32 ? leap::run<float>(stream, gate, up, stride, y, rows, C)
                             : leap::run<leap::bf16>(stream, gate, up, stride, y, rows, C);
}
