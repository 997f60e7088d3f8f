/* add_rms_norm.cpp: residual add and the RMS norm that follows it.
 *
 * What      residual += delta (where there is one);  y = residual / sqrt(mean(residual^2) + eps) * gamma, over C
 * Layouts   residual, delta, y: (rows, C) float32; gamma: (C) float32; the mean square is float32
 * A thread  takes whole rows: add and sum the squares, then y; the row stays in cache
 * Wants     any C; y may be delta, or residual where there is no delta
 * Source    Zhang and Sennrich 2019, eq. 4
 */
#include <cmath>

#include "checks.hpp"
#include "parallel.hpp"
#include "row_sums.hpp"
#include "simd.hpp"

namespace leap {
namespace {

void add_norm_row(float* residual, const float* delta, const float* gamma, float* y, int64_t C, float eps) {
    const float squares = sum_row(C, [&](int64_t c, auto lanes) {
        Vec x = load(residual + c, lanes);
        if (delta) {
            x += load(delta + c, lanes);
            store(residual + c, x, lanes);
        }
        return x * x;
    });
    const float inverse = 1 / std::sqrt(squares / float(C) + eps);
    for_each_vector(C, [&](int64_t c, auto lanes) {
        store(y + c, load(residual + c, lanes) * inverse * load(gamma + c, lanes), lanes);
    });
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_add_rms_norm(leap_stream, const leap_add_norm_params* p) {
    LEAP_TRY(leap::checks::add_rms_norm(p));
    if (p->C == 0) return LEAP_OK;
    float* residual = static_cast<float*>(p->residual);
    const float* delta = static_cast<const float*>(p->delta);
    float* y = static_cast<float*>(p->y);
#pragma omp parallel for schedule(static) if (p->rows * p->C >= leap::PARALLEL_ELEMENTS)
    for (int64_t r = 0; r < p->rows; ++r)
        leap::add_norm_row(residual + r * p->C, delta ? delta + r * p->C : nullptr, p->gamma, y + r * p->C, p->C, p->eps);
    return LEAP_OK;
}
