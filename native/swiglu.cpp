/* swiglu.cpp: the gate of a SwiGLU feed-forward network.
 *
 * What      y[r][c] = silu(gate[r][c]) * up[r][c],  silu(g) = g / (1 + exp(-g))
 * Layouts   gate, up: (rows, C) float32, rows `stride` apart; y: (rows, C) float32 without gaps
 * A thread  takes whole rows
 * Wants     any sizes; y may be gate or up where stride is C
 * Source    Shazeer 2020, eq. 6 (beta = 1)
 */
#include "checks.hpp"
#include "parallel.hpp"
#include "simd.hpp"
#include "vector_math.hpp"

LEAP_EXPORT leap_status leap_swiglu(leap_stream, leap_dtype dtype, const void* gate, const void* up, int64_t stride, void* y,
                                    int64_t rows, int64_t C) {
    using namespace leap;
    LEAP_TRY(checks::swiglu(dtype, gate, up, stride, y, rows, C));
    const float* gates = static_cast<const float*>(gate);
    const float* ups = static_cast<const float*>(up);
    float* to = static_cast<float*>(y);
#pragma omp parallel for schedule(static) if (rows * C >= PARALLEL_ELEMENTS)
    for (int64_t r = 0; r < rows; ++r)
        for_each_vector(C, [&](int64_t c, auto lanes) {
            store(to + r * C + c, silu(load(gates + r * stride + c, lanes)) * load(ups + r * stride + c, lanes), lanes);
        });
    return LEAP_OK;
}
