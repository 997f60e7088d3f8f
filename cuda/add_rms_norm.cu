/* add_rms_norm.cu: residual add and the RMS norm that follows it.
 *
 * What      residual += delta (where there is one);  y = n * gamma,  n = residual / sqrt(mean(residual^2) + eps), over C
 * Layouts   residual: (rows, C) residual_dtype, to which the sum and n are rounded; delta, y: (rows, C) float32 or bfloat16;
 *           gamma: (C) float32; the mean square is float32
 * A warp    takes a row of up to 1024 elements, a block one of up to 16384, in registers (row.cuh); any other row is gone
 *           over in memory by a block
 * Wants     any C; y may be delta, or residual where there is no delta
 * Source    Zhang and Sennrich 2019, eq. 4; the rounding of n is Lumina-DiMOO's
 */
#include "add_norm.cuh"
#include "checks.hpp"

namespace leap {
namespace {

template <class ResidualType>
struct RmsNorm {
    using Residual = ResidualType;
    static constexpr bool HAS_BETA = false;

    struct Statistics {
        float inverse_root;
    };

    template <class SumOver>
    static __device__ __forceinline__ Statistics statistics(SumOver&& sum, int64_t C, float eps) {
        const float squares = sum([](float x) { return x * x; });
        return {1.0f / sqrtf(squares / float(C) + eps)};
    }

    static __device__ __forceinline__ float y(float x, const Statistics& s, float gamma, float) {
        return rounded_to<Residual>(x * s.inverse_root) * gamma;
    }
};

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_add_rms_norm(leap_stream stream, const leap_add_norm_params* p) {
    LEAP_TRY(leap::checks::add_rms_norm(p));
    return p->residual_dtype == LEAP_F32 ? leap::dispatch_add_norm<leap::RmsNorm<float>>(stream, *p)
                                         : leap::dispatch_add_norm<leap::RmsNorm<leap::bf16>>(stream, *p);
}
