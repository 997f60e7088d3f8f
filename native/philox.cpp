/* philox.cpp: the sampler's uniforms, for tests and for noise made in advance.
 *
 * What      out[i] = the uniform of (seed, index first_index + i, position, step, purpose); see philox.hpp
 * Layouts   out: (n) float32
 * A thread  there is one
 * Wants     n >= 0; indices wrap at 2^32
 * Source    Salmon et al. 2011
 */
#include "philox.hpp"
#include "status.hpp"

LEAP_EXPORT leap_status leap_philox_uniform(leap_stream, uint64_t seed, uint32_t first_index, uint32_t position,
                                            uint32_t step, uint32_t purpose, float* out, int64_t n) {
    LEAP_REQUIRE(n >= 0, LEAP_BAD_ARGUMENT, "philox_uniform: n=%lld is negative", (long long)n);
    if (n == 0) return LEAP_OK;
    LEAP_REQUIRE(out, LEAP_BAD_ARGUMENT, "philox_uniform: out must not be null");
    leap::philox_uniforms({seed, position, step, purpose}, first_index, out, n);
    return LEAP_OK;
}
