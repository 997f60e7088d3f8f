/* swiglu.cpp: the gate of a SwiGLU feed-forward network.
 *
 * What      y[r][c] = silu(gate[r][c]) * up[r][c],  silu(g) = g / (1 + exp(-g))
 * Layouts   gate, up: (rows, C) dtype, rows `stride` apart; y: (rows, C) dtype without gaps; computed in float32
 * A thread  takes whole rows
 * Wants     any sizes; y may be gate or up where stride is C
 * Source    Shazeer 2020, eq. 6 (beta = 1)
 */
#include "bf16.hpp"
#include "checks.hpp"
#include "parallel.hpp"
#include "simd.hpp"
#include "vector_math.hpp"

namespace leap {
namespace {

template <class T>
void run(const T* gate, const T* up, int64_t stride, T* y, int64_t rows, int64_t C) {
#pragma omp parallel for schedule(static) if (rows * C >= PARALLEL_ELEMENTS)
    for (int64_t r = 0; r < rows; ++r)
        for_each_vector(C, [&](int64_t c, auto lanes) {
            store(y + r * C + c, silu(load(gate + r * stride + c, lanes)) * load(up + r * stride + c, lanes), lanes);
        });
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_swiglu(leap_stream, leap_dtype dtype, const void* gate, const void* up, int64_t stride, void* y,
                                    int64_t rows, int64_t C) {
    LEAP_TRY(leap::checks::swiglu(dtype, gate, up, stride, y, rows, C));
    leap::with_element(dtype, [&]<class T>() {
        leap::run(static_cast<const T*>(gate), static_cast<const T*>(up), stride, static_cast<T*>(y), rows, C);
    });
    return LEAP_OK;
}
