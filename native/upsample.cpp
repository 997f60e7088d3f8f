/* upsample.cpp: nearest-neighbour upsampling by two, channels-last.
 *
 * What      y[n][i][j][c] = x[n][i / 2][j / 2][c]
 * Layouts   x: (N, h, w, C) dtype; y: (N, 2h, 2w, C) dtype
 * A thread  takes rows of x: writes the row of y with every pixel twice, then copies it to the next row
 * Wants     any sizes; y does not alias x
 * Source    none needed
 */
#include <cstring>

#include "bf16.hpp"
#include "checks.hpp"
#include "parallel.hpp"

namespace leap {
namespace {

template <class T>
void run(const T* x, T* y, int64_t rows, int64_t w, int64_t C) {
    const int64_t wide_row = 2 * w * C;
#pragma omp parallel for schedule(static) if (rows * w * C >= PARALLEL_ELEMENTS)
    for (int64_t r = 0; r < rows; ++r) {
        T* even = y + 2 * r * wide_row;
        for (int64_t j = 0; j < w; ++j) {
            const T* pixel = x + (r * w + j) * C;
            std::memcpy(even + 2 * j * C, pixel, C * sizeof(T));
            std::memcpy(even + (2 * j + 1) * C, pixel, C * sizeof(T));
        }
        std::memcpy(even + wide_row, even, wide_row * sizeof(T));
    }
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_upsample_nearest_2x(leap_stream, leap_dtype dtype, const void* x, void* y, int64_t N, int64_t h,
                                                 int64_t w, int64_t C) {
    LEAP_TRY(leap::checks::upsample_nearest_2x(dtype, x, y, N, h, w, C));
    if (C == 0) return LEAP_OK;
    leap::with_element(dtype, [&]<class T>() {
        leap::run(static_cast<const T*>(x), static_cast<T*>(y), N * h, w, C);
    });
    return LEAP_OK;
}
