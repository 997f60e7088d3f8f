/* add_layer_norm.cpp: residual add and the layer norm that follows it.
 *
 * What      residual += delta (where there is one);  y = (residual - mean) / sqrt(var + eps) * gamma + beta, over C
 * Layouts   residual, delta, y: (rows, C) float32; gamma, beta: (C) float32; mean and biased variance float32
 * A thread  takes whole rows: add and sum, then the squares about the mean, then y; the row stays in cache
 * Wants     any C; y may be delta, or residual where there is no delta
 * Source    Ba et al. 2016, eq. 4
 */
#include <cmath>

#include "parallel.hpp"
#include "simd.hpp"
#include "status.hpp"

namespace leap {
namespace {

/* sum over the row of term(index, lanes), with so many sums side by side that additions do not wait for each other. */
template <class Term>
LEAP_INLINE float sum_row(int64_t n, Term&& term) {
    Vec a{}, b{}, c{}, d{};
    int64_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        a += term(i, AllLanes{});
        b += term(i + LANES, AllLanes{});
        c += term(i + 2 * LANES, AllLanes{});
        d += term(i + 3 * LANES, AllLanes{});
    }
    for_each_vector(n - i, [&](int64_t rest, auto lanes) { a += keep(term(i + rest, lanes), lanes, 0); });
    return sum_of_lanes((a + b) + (c + d));
}

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

leap_status check(const leap_add_norm_params* p) {
    LEAP_REQUIRE(p, LEAP_BAD_ARGUMENT, "add_layer_norm: the parameters are null");
    if (p->delta) LEAP_TRY(require_float32("add_layer_norm", "delta_dtype", p->delta_dtype));
    LEAP_TRY(require_float32("add_layer_norm", "y_dtype", p->y_dtype));
    LEAP_REQUIRE(p->rows >= 0 && p->C >= 0, LEAP_BAD_ARGUMENT,
                 "add_layer_norm: rows=%lld and C=%lld must not be negative", (long long)p->rows, (long long)p->C);
    LEAP_REQUIRE(p->eps >= 0, LEAP_BAD_ARGUMENT, "add_layer_norm: eps=%g is negative", p->eps);
    if (p->rows == 0 || p->C == 0) return LEAP_OK;
    LEAP_REQUIRE(p->residual && p->gamma && p->beta && p->y, LEAP_BAD_ARGUMENT,
                 "add_layer_norm: residual, gamma, beta and y must not be null");
    LEAP_REQUIRE(p->delta == nullptr || p->y != p->residual, LEAP_BAD_ARGUMENT,
                 "add_layer_norm: y must not alias residual where there is a delta");
    return LEAP_OK;
}

template <class Delta, class Y>
void run(const leap_add_norm_params& p) {
    const Delta* delta = static_cast<const Delta*>(p.delta);
#pragma omp parallel for schedule(static) if (p.rows * p.C >= PARALLEL_ELEMENTS)
    for (int64_t r = 0; r < p.rows; ++r)
        add_norm_row(p.residual + r * p.C, delta ? delta + r * p.C : nullptr, p.gamma, p.beta,
                     static_cast<Y*>(p.y) + r * p.C, p.C, p.eps);
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_add_layer_norm(leap_stream, const leap_add_norm_params* p) {
    LEAP_TRY(leap::check(p));
    leap::run<float, float>(*p);
    return LEAP_OK;
}
