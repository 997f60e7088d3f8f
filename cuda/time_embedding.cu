/* time_embedding.cu: sinusoids of the mask ratio.
 *
 * What      out[n] = [cos(t w_0) .. cos(t w_{half-1}), sin(t w_0) ..],  t = 1000 mask_ratio[n],  w_i = exp(-ln(10000) i / half)
 * Layouts   mask_ratio: (n) float32; out: (n, 2 half) float32; frequency and angle are float32
 * A thread  takes one frequency of one row. The functions are evaluated in float64: the frequency must be the same float32 as
 *           the CPU library's, for an angle of up to 1000 magnifies a difference; there are some hundred threads in all
 * Wants     any sizes
 * Source    Vaswani et al. 2017, section 3.5
 */
#include "checks.hpp"
#include "elementwise.cuh"

namespace leap {
namespace {

__global__ void __launch_bounds__(ELEMENTWISE_THREADS)
    time_embedding_kernel(const float* mask_ratio, int64_t n, float* out, int64_t half) {
    const PackPosition at = pack_position<1>(n, half);
    if (at.row < 0) return;
    const float exponent = float(-9.210340371976184) * float(at.column) / float(half);
    const float frequency = float(exp(double(exponent)));
    const double angle = 1000.0f * mask_ratio[at.row] * frequency;
    float* row = out + at.row * 2 * half;
    row[at.column] = float(cos(angle));
    row[half + at.column] = float(sin(angle));
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_time_embedding(leap_stream stream, const float* mask_ratio, int64_t n, float* out, int64_t half) {
    using namespace leap;
    LEAP_TRY(checks::time_embedding(mask_ratio, n, out, half));
    if (n == 0 || half == 0) return LEAP_OK;
    LEAP_TRY(check_elementwise_grid("time_embedding", n, half, 1));
    return launch<time_embedding_kernel>({stream, elementwise_grid(n, half, 1), {ELEMENTWISE_THREADS}}, mask_ratio, n, out,
                                         half);
}
