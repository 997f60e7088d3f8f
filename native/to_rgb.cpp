/* to_rgb.cpp: pixel values to bytes.
 *
 * What      rgb[i] = round_half_even((clamp(x[i], low, high) - low) / (high - low) * 255); NaN becomes 0
 * Layouts   x: (n) dtype; rgb: (n) bytes
 * A thread  takes a range of elements
 * Wants     low < high, both finite
 * Source    none needed
 */
#include <cmath>

#include "bf16.hpp"
#include "checks.hpp"
#include "parallel.hpp"

namespace leap {
namespace {

template <class T>
void run(const T* x, uint8_t* rgb, int64_t n, float low, float high) {
#pragma omp parallel for simd schedule(static) if (n >= PARALLEL_ELEMENTS)
    for (int64_t i = 0; i < n; ++i) {
        const float value = float(x[i]);
        float clamped = value > low ? value : low;  // NaN compares false: low
        clamped = clamped < high ? clamped : high;
        rgb[i] = uint8_t(int32_t(std::nearbyint((clamped - low) / (high - low) * 255.0f)));
    }
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_to_rgb(leap_stream, leap_dtype dtype, const void* x, uint8_t* rgb, int64_t n, float low,
                                    float high) {
    LEAP_TRY(leap::checks::to_rgb(dtype, x, rgb, n, low, high));
    leap::with_element(dtype, [&]<class T>() { leap::run(static_cast<const T*>(x), rgb, n, low, high); });
    return LEAP_OK;
}
