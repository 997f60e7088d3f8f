/* add_rms_norm.cpp: residual add and the RMS norm that follows it.
 *
 * What      residual += delta (where there is one);  y = n * gamma,  n = residual / sqrt(mean(residual^2) + eps), over C
 * Layouts   residual, delta, y: (rows, C) their dtypes; n is rounded to the residual's; gamma: (C) float32; the mean square is
 *           float32
 * A thread  takes whole rows: add and sum the squares, then y; the row stays in cache
 * Wants     any C; y may be delta, or residual where there is no delta
 * Source    Zhang and Sennrich 2019, eq. 4
 */
#include <cmath>

#include "bf16.hpp"
#include "checks.hpp"
#include "parallel.hpp"
#include "row_sums.hpp"
#include "simd.hpp"

namespace leap {
namespace {

template <class Residual, class Delta, class Y>
void add_norm_row(Residual* residual, const Delta* delta, const float* gamma, Y* y, int64_t C, float eps) {
    const float squares = sum_row(C, [&](int64_t c, auto lanes) {
        Vec x = load(residual + c, lanes);
        if (delta) {
            x = rounded_to<Residual>(x + load(delta + c, lanes));
            store(residual + c, x, lanes);
        }
        return x * x;
    });
    const float inverse = 1 / std::sqrt(squares / float(C) + eps);
    for_each_vector(C, [&](int64_t c, auto lanes) {
        const Vec normalised = rounded_to<Residual>(load(residual + c, lanes) * inverse);
        store(y + c, normalised * load(gamma + c, lanes), lanes);
    });
}

template <class Residual, class Delta, class Y>
void run(const leap_add_norm_params& p) {
    const Delta* delta = static_cast<const Delta*>(p.delta);
#pragma omp parallel for schedule(static) if (p.rows * p.C >= PARALLEL_ELEMENTS)
    for (int64_t r = 0; r < p.rows; ++r)
        add_norm_row(static_cast<Residual*>(p.residual) + r * p.C, delta ? delta + r * p.C : nullptr, p.gamma,
                     static_cast<Y*>(p.y) + r * p.C, p.C, p.eps);
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_add_rms_norm(leap_stream, const leap_add_norm_params* p) {
    LEAP_TRY(leap::checks::add_rms_norm(p));
    if (p->C == 0) return LEAP_OK;
    using leap::with_element;
    with_element(p->residual_dtype, [&]<class Residual>() {
        with_element(p->delta_dtype, [&]<class Delta>() {
            with_element(p->y_dtype, [&]<class Y>() { leap::run<Residual, Delta, Y>(*p); });
        });
    });
    return LEAP_OK;
}
