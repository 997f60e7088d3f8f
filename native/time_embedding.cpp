/* time_embedding.cpp: sinusoids of the mask ratio.
 *
 * What      out[n][i] = cos(t w_i), out[n][half + i] = sin(t w_i),  t = 1000 mask_ratio[n], w_i = exp(-ln(10000) i / half)
 * Layouts   mask_ratio: (n) float32; out: (n, 2 half) float32
 * A thread  there is one: n is the number of images
 * Wants     any sizes
 * Source    Vaswani et al. 2017, section 3.5, as the shortcut's published code has it: t, w_i and t w_i are rounded to
 *           float32 one by one, so that the sinusoids agree with the weights trained on them (t w_i reaches 1000)
 */
#include <cmath>

#include "checks.hpp"

LEAP_EXPORT leap_status leap_time_embedding(leap_stream, const float* mask_ratio, int64_t n, float* out, int64_t half) {
    LEAP_TRY(leap::checks::time_embedding(mask_ratio, n, out, half));
    const float minus_ln_10000 = float(-9.210340371976184);
    for (int64_t i = 0; i < half; ++i) {
        const float exponent = minus_ln_10000 * float(i) / float(half);
        const float frequency = float(std::exp(double(exponent)));
        for (int64_t image = 0; image < n; ++image) {
            const float t = 1000.0f * mask_ratio[image];
            const float angle = t * frequency;
            float* row = out + image * 2 * half;
            row[i] = float(std::cos(double(angle)));
            row[half + i] = float(std::sin(double(angle)));
        }
    }
    return LEAP_OK;
}
