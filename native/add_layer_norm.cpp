/* add_layer_norm.cpp: residual add and the layer norm that follows it.
 *
 * What      residual += delta (where there is one);  y = (residual - mean) / sqrt(var + eps) * gamma + beta, over C
 * Layouts   residual: (rows, C) float32; delta, y: (rows, C) their dtypes; gamma, beta: (C) float32; mean and biased variance
 *           float32
 * A thread  takes whole rows: add and sum, then the squares about the mean, then y; the row stays in cache
 * Wants     any C; y may be delta, or residual where there is no delta
 * Source    Ba et al. 2016, eq. 4
 */
#include <cmath>

#include "bf16.hpp"
#include "checks.hpp"
#include "parallel.hpp"
#include "row_sums.hpp"
#include "simd.hpp"

namespace leap {
namespace {

template <class Delta, class Y>
void add_norm_row(float* residual, const Delta* delta, const float* gamma, const float* beta, Y* y, int64_t C, float eps) {
    const float sum = delta ? sum_row(C,
                                      [&](int64_t c, auto lanes) {
                                          const Vec x = load(residual + c, lanes) + load(delta + c, lanes);
                                          store(residual + c, x, lanes);
                                          return x;
                                      })
                            : sum_row(C, [&](int64_t c, auto lanes) { return load(residual + c, lanes); });
    const float mean = sum / float(C);
    const float squares = sum_row(C, [&](int64_t c, auto lanes) {
        const Vec centred = load(residual + c, lanes) - mean;
        return centred * centred;
    });
    const float inverse = 1 / std::sqrt(squares / float(C) + eps);
    for_each_vector(C, [&](int64_t c, auto lanes) {
        const Vec normalised = (load(residual + c, lanes) - mean) * inverse;
        store(y + c, normalised * load(gamma + c, lanes) + load(beta + c, lanes), lanes);
    });
}

template <class Delta, class Y>
void run(const leap_add_norm_params& p) {
    const Delta* delta = static_cast<const Delta*>(p.delta);
#pragma omp parallel for schedule(static) if (p.rows * p.C >= PARALLEL_ELEMENTS)
    for (int64_t r = 0; r < p.rows; ++r)
        add_norm_row(static_cast<float*>(p.residual) + r * p.C, delta ? delta + r * p.C : nullptr, p.gamma, p.beta,
                     static_cast<Y*>(p.y) + r * p.C, p.C, p.eps);
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_add_layer_norm(leap_stream, const leap_add_norm_params* p) {
    LEAP_TRY(leap::checks::add_layer_norm(p));
    if (p->C == 0) return LEAP_OK;
    leap::with_element(p->delta_dtype, [&]<class Delta>() {
        leap::with_element(p->y_dtype, [&]<class Y>() { leap::run<Delta, Y>(*p); });
    });
    return LEAP_OK;
}
