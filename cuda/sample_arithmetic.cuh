/* sample_arithmetic.cuh: the two roundings of the sampler.
 *
 * Float32 leaves float32 results as they are. Bf16 rounds every elementary operation to bfloat16, as DiMOO's published
 * pipeline does, which draws its uniforms in the dtype of its bfloat16 logits.
 */
#pragma once

#include "device.cuh"

namespace leap {

struct Float32Arithmetic {
    static __device__ __forceinline__ float round(float x) { return x; }
    static __device__ __forceinline__ float uniform(double u) { return float(u); }

    /* -ln(-ln u). u has 24 bits, so near 1 an exact inner logarithm keeps its relative accuracy; of the outer one it is the absolute
     * accuracy that counts. */
    static __device__ __forceinline__ float gumbel(float u) { return -0.693147181f * ptx::log2_approximate(-logf(u)); }

    /* A recorded uniform has more digits than float32 near 1. */
    static __device__ __forceinline__ double exact_gumbel(double u) { return -log(-log(u)); }

    /* ln max(exp(logit) / total, 1e-20) */
    static __device__ __forceinline__ float log_probability(float logit, float total) {
        return fmaxf(logit - logf(total), -46.0517019f);
    }
};

struct Bf16Arithmetic {
    static __device__ __forceinline__ float round(float x) { return rounded_to<bf16>(x); }

    static __device__ __forceinline__ float uniform(double u) {
        const float rounded = round(float(u));
        return rounded == 1.0f ? 0.0f : rounded;
    }

    /* -ln(-ln(u + 1e-20) + 1e-20), rounded five times. */
    static __device__ __forceinline__ float gumbel(float u) {
        const float tiny = round(1e-20f);
        return round(-round(logf(round(-round(logf(round(u + tiny))) + tiny))));
    }

    static __device__ __forceinline__ double exact_gumbel(double u) { return gumbel(uniform(u)); }

    static __device__ __forceinline__ float log_probability(float logit, float total) {
        const float rounded = round(expf(logit) / total);
        return round(logf(round(rounded > 1e-20f ? rounded : 1e-20f)));
    }
};

}  // namespace leap
