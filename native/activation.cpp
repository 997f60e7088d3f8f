/* activation.cpp: bias and activation after a matrix product.
 *
 * What      y[r][c] = f(x[r][c] + bias[c]),  f(z) = z / 2 (1 + erf(z / sqrt 2)),  f(z) = z / (1 + exp(-z))  or  f(z) = z
 * Layouts   x, y: (rows, C) dtype, computed in float32; bias: (C) float32 or null
 * A thread  takes whole rows
 * Wants     any sizes; y may be x
 * Source    GELU: Hendrycks and Gimpel 2016; erfc: Press et al. 1992 (Numerical Recipes),
 *           section 6.2 (relative error below 1.2e-7)
 */
#include "bf16.hpp"
#include "checks.hpp"
#include "parallel.hpp"
#include "simd.hpp"
#include "vector_math.hpp"

namespace leap {
namespace {

struct Gelu {
    /* With z = |x| / sqrt 2:  x erfc(z) / 2 below 0, so that the far negative side keeps its relative accuracy, and
     * x (1 - erfc(z) / 2) above.  erfc(z) = t exp(-z^2 + P(t)), t = 1 / (1 + z / 2). */
    LEAP_INLINE static Vec apply(Vec x) {
        const Vec magnitude = x < 0.0f ? -x : x;
        const Vec z = magnitude * 0.707106781f;
        const Vec t = 1.0f / (z * 0.5f + 1.0f);
        Vec p = broadcast(0.17087277f);
        p = p * t - 0.82215223f;
        p = p * t + 1.48851587f;
        p = p * t - 1.13520398f;
        p = p * t + 0.27886807f;
        p = p * t - 0.18628806f;
        p = p * t + 0.09678418f;
        p = p * t + 0.37409196f;
        p = p * t + 1.00002368f;
        p = p * t - 1.26551223f;
        const Vec half_erfc = 0.5f * t * exp(p - z * z);
        return x * (x < 0.0f ? half_erfc : 1.0f - half_erfc);
    }
};

struct Silu {
    LEAP_INLINE static Vec apply(Vec x) { return silu(x); }
};

struct Identity {
    LEAP_INLINE static Vec apply(Vec x) { return x; }
};

template <class Activation, class T>
void run(const T* x, const float* bias, T* y, int64_t rows, int64_t C) {
#pragma omp parallel for schedule(static) if (rows * C >= PARALLEL_ELEMENTS)
    for (int64_t r = 0; r < rows; ++r)
        for_each_vector(C, [&](int64_t c, auto lanes) {
            Vec z = load(x + r * C + c, lanes);
            if (bias) z += load(bias + c, lanes);
            store(y + r * C + c, Activation::apply(z), lanes);
        });
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_activation(leap_stream, leap_dtype dtype, int32_t activation, const void* x, const float* bias,
                                        void* y, int64_t rows, int64_t C) {
    LEAP_TRY(leap::checks::activation(dtype, activation, x, y, rows, C));
    if (rows == 0 || C == 0) return LEAP_OK;
    leap::with_element(dtype, [&]<class T>() {
        const T* from = static_cast<const T*>(x);
        T* to = static_cast<T*>(y);
        switch (activation) {
            case LEAP_GELU_ERF: leap::run<leap::Gelu>(from, bias, to, rows, C); break;
            case LEAP_SILU: leap::run<leap::Silu>(from, bias, to, rows, C); break;
            default: leap::run<leap::Identity>(from, bias, to, rows, C);
        }
    });
    return LEAP_OK;
}
