/* modulate.cpp: adaptive layer norm's scale and shift.
 *
 * What      y[r][c] = x[r][c] * (1 + scale[m][c]) + shift[m][c],  m = r / rows_per_modulation
 * Layouts   x: (rows, C) float32; modulation: (ceil(rows / rows_per_modulation), 2 C) float32, scale then shift;
 *           y: (rows, C) y_dtype
 * A thread  takes whole rows
 * Wants     any sizes; y may be x
 * Source    Peebles and Xie 2023 (DiT), section 3.2, without the gate
 */
#include "bf16.hpp"
#include "checks.hpp"
#include "parallel.hpp"
#include "simd.hpp"

namespace leap {
namespace {

template <class Y>
void run(const float* x, const float* modulation, Y* y, int64_t rows, int64_t C, int64_t rows_per_modulation) {
#pragma omp parallel for schedule(static) if (rows * C >= PARALLEL_ELEMENTS)
    for (int64_t r = 0; r < rows; ++r) {
        const float* scale = modulation + r / rows_per_modulation * 2 * C;
        const float* shift = scale + C;
        for_each_vector(C, [&](int64_t c, auto lanes) {
            const Vec factor = 1.0f + load(scale + c, lanes);
            store(y + r * C + c, load(x + r * C + c, lanes) * factor + load(shift + c, lanes), lanes);
        });
    }
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_modulate(leap_stream, const float* x, const float* modulation, void* y, leap_dtype y_dtype,
                                      int64_t rows, int64_t C, int64_t rows_per_modulation) {
    LEAP_TRY(leap::checks::modulate(x, modulation, y, y_dtype, rows, C, rows_per_modulation));
    if (rows == 0 || C == 0) return LEAP_OK;
    leap::with_element(y_dtype, [&]<class Y>() {
        leap::run(x, modulation, static_cast<Y*>(y), rows, C, rows_per_modulation);
    });
    return LEAP_OK;
}
