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

struct Float32Arithmetic {
    LEAP_INLINE static Vec round(Vec x) { return x; }
    static float round(float x) { return x; }
    static float uniform(double u) { return float(u); }

    /* -ln(-ln u) of uniforms that have 24 bits: near 1 both logarithms keep their relative accuracy. */
    LEAP_INLINE static Vec gumbel(Vec u) { return -log_of_normal(-log_of_normal(u)); }

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
        const Vec rounded = round(u);
        const Vec below_one = rounded == 1.0f ? Vec{} : rounded;
        return round(-round(log_of_normal(round(-round(log_of_normal(round(below_one + tiny))) + tiny))));
    }

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
