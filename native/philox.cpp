/* philox.cpp: the sampler's uniforms, for tests and for noise made in advance.
 *
 * What      out[i] = the uniform of (seed, index first_index + i, position, step, purpose); see philox.hpp
 * Layouts   out: (n) float32
 * A thread  there is one
 * Wants     n >= 0; indices wrap at 2^32
 * Source    Salmon et al. 2011
 */
#include "checks.hpp"
#include "philox.hpp"

LEAP_EXPORT leap_status leap_philox_uniform(leap_stream, uint64_t seed, uint32_t first_index, uint32_t position,
                                            uint32_t step, uint32_t purpose, float* out, int64_t n) {
    LEAP_TRY(leap::checks::philox_uniform(out, n));
    leap::philox_uniforms({seed, position, step, purpose}, first_index, out, n);
    return LEAP_OK;
}
