/* sample_arithmetic.hpp: the two roundings of the sampler.
 *
 * Float32 leaves float32 results as they are. Bf16 rounds every elementary operation to bfloat16, as DiMOO's published
 * pipeline does, which draws its uniforms in the dtype of its bfloat16 logits.
 */
#pragma once

#include <algorithm>
#include <cmath>

#include "bf16.hpp"
#include "vector_math.hpp"

namespace leap {

/* At least -ln(-ln u) for u < 1, by `slack` and at most 0.06 where u is near 1: -ln u >= 1 - u, and a float's bits are, up to scale
 * and offset, a piecewise linear function of it that lies below its logarithm. */
LEAP_INLINE Vec gumbel_bound_of(Vec u, float slack) {
    constexpr float LN2 = 0x1.62e430p-1f;
    constexpr float EXPONENT_BIAS = 127;
    return __builtin_convertvector(bits(1.0f - u), Vec) * (-LN2 * 0x1p-23f) + (EXPONENT_BIAS * LN2 + slack);
}

struct Float32Arithmetic {
    LEAP_INLINE static Vec round(Vec x) { return x; }
    static float round(float x) { return x; }
    static float uniform(double u) { return float(u); }

    /* -ln(-ln u) of uniforms that have 24 bits: near 1 both logarithms keep their relative accuracy. */
    LEAP_INLINE static Vec gumbel(Vec u) { return -log_of_normal(-log_of_normal(u)); }

    /* At least gumbel(u), for each of the 2^23 uniforms that Philox gives. */
    LEAP_INLINE static Vec gumbel_bound(Vec u) { return gumbel_bound_of(u, 1e-4f); }

    /* A recorded uniform has more digits than float32 near 1. */
    static double gumbel(double u) { return -std::log(-std::log(u)); }

    /* ln max(p, 1e-20) + noise * Gumbel; `u` is asked for only where there is noise. */
    template <class Uniform>
    static float log_confidence(double p, float noise, Uniform&& u) {
        return float(std::log(std::max(p, 1e-20)) + (noise == 0 ? 0.0 : noise * gumbel(double(u()))));
    }
};

struct Bf16Arithmetic {
    LEAP_INLINE static Vec round(Vec x) { return rounded_to<Bf16>(x); }
    static float round(float x) { return float(Bf16(x)); }

    static float uniform(double u) {
        const float rounded = round(float(u));
        return rounded == 1.0f ? 0.0f : rounded;
    }

    /* -ln(-ln(u + 1e-20) + 1e-20), rounded five times; a uniform that rounds to 1 becomes 0. */
    LEAP_INLINE static Vec gumbel(Vec u) {
        const float tiny = round(1e-20f);
        return round(-round(log_of_normal(round(-round(log_of_normal(round(below_one(round(u)) + tiny))) + tiny))));
    }

    LEAP_INLINE static Vec gumbel_bound(Vec u) { return gumbel_bound_of(below_one(round(u)), 0.05f); }

    LEAP_INLINE static Vec below_one(Vec rounded) { return rounded == 1.0f ? Vec{} : rounded; }

    static double gumbel(double u) {
        const float tiny = round(1e-20f);
        return round(-round(std::log(round(-round(std::log(round(uniform(u) + tiny))) + tiny))));
    }

    template <class Uniform>
    static float log_confidence(double p, float noise, Uniform&& u) {
        const float logarithm = round(std::log(round(std::max(round(float(p)), 1e-20f))));
        return noise == 0 ? logarithm : round(logarithm + round(noise * float(gumbel(double(u())))));
    }
};

}  // namespace leap
