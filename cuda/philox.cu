/* philox.cu: the uniforms of one key and counter line.
 *
 * What      out[i] = uniform(seed, index first_index + i (modulo 2^32), position, step, purpose)
 * Layouts   out: (n) float32
 * A thread  takes one element: the call is for tests and for those who want the same numbers elsewhere
 * Wants     any n
 * Source    Salmon et al. 2011, Philox4x32-10
 */
#include "checks.hpp"
#include "elementwise.cuh"
#include "philox.cuh"

namespace leap {
namespace {

__global__ void __launch_bounds__(ELEMENTWISE_THREADS)
    philox_kernel(PhiloxStream stream, uint32_t first_index, float* out, int64_t n) {
    const int64_t i = int64_t(blockIdx.x) * ELEMENTWISE_THREADS + threadIdx.x;
    if (i < n) out[i] = philox_uniform(stream, first_index + uint32_t(i));
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_philox_uniform(leap_stream stream, uint64_t seed, uint32_t first_index, uint32_t position,
                                            uint32_t step, uint32_t purpose, float* out, int64_t n) {
    using namespace leap;
    LEAP_TRY(checks::philox_uniform(out, n));
    if (n == 0) return LEAP_OK;
    LEAP_TRY(check_elementwise_grid("philox_uniform", 1, n, 1));
    return launch<philox_kernel>({stream, elementwise_grid(1, n, 1), {ELEMENTWISE_THREADS}},
                                 PhiloxStream{seed, position, step, purpose}, first_index, out, n);
}
