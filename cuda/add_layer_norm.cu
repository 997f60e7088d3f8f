/* add_layer_norm.cu: residual add and the layer norm that follows it.
 *
 * What      residual += delta (where there is one);  y = (residual - mean) / sqrt(var + eps) * gamma + beta, over C
 * Layouts   residual: (rows, C) float32; delta, y: (rows, C) float32 or bfloat16; gamma, beta: (C) float32; mean and biased
 *           variance float32
 * A warp    takes a row of up to 1024 elements, a block one of up to 16384, in registers (row.cuh): mean, then the squares
 *           about it, then y; any other row is gone over in memory by a block
 * Wants     any C; y may be delta, or residual where there is no delta
 * Source    Ba et al. 2016, eq. 4
 */
#include "add_norm.cuh"
#include "checks.hpp"

namespace leap {
namespace {

struct LayerNorm {
    using Residual = float;
    static constexpr bool HAS_BETA = true;

    struct Statistics {
        float mean, inverse_deviation;
    };

    template <class SumOver>
    static __device__ __forceinline__ Statistics statistics(SumOver&& sum, int64_t C, float eps) {
        const float mean = sum([](float x) { return x; }) / float(C);
        const float squares = sum([mean](float x) { return (x - mean) * (x - mean); });
        return {mean, 1.0f / sqrtf(squares / float(C) + eps)};
    }

    static __device__ __forceinline__ float y(float x, const Statistics& s, float gamma, float beta) {
        return (x - s.mean) * s.inverse_deviation * gamma + beta;
    }
};

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_add_layer_norm(leap_stream stream, const leap_add_norm_params* p) {
    LEAP_TRY(leap::checks::add_layer_norm(p));
    return leap::dispatch_add_norm<leap::LayerNorm>(stream, *p);
}
