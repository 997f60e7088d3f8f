/* upsample.cu: nearest-neighbour upsampling by two.
 *
 * What      y[n][i][j] = x[n][i / 2][j / 2]
 * Layouts   x: (N, h, w, C) dtype; y: (N, 2h, 2w, C) dtype, channels-last
 * A thread  reads a pack of 16 bytes of a pixel (one element, where the operands are not aligned) and writes it four times
 * Wants     no alias
 * Source    none needed
 */
#include "checks.hpp"
#include "elementwise.cuh"

namespace leap {
namespace {

/* rows: pixels of all images, N h w. */
template <class T, int N>
__global__ void __launch_bounds__(ELEMENTWISE_THREADS)
    upsample_kernel(const T* x, T* y, int64_t rows, int64_t w, int64_t C) {
    const PackPosition at = pack_position<N>(rows, C);
    if (at.row < 0) return;
    const Pack<T, N> pack = *reinterpret_cast<const Pack<T, N>*>(x + at.row * C + at.column);
    const int64_t line = at.row / w, pixel = at.row % w;  // lines of all images follow each other, also in y
    T* to = y + ((2 * line) * 2 * w + 2 * pixel) * C + at.column;
#pragma unroll
    for (int i = 0; i < 2; ++i)
#pragma unroll
        for (int j = 0; j < 2; ++j) *reinterpret_cast<Pack<T, N>*>(to + (i * 2 * w + j) * C) = pack;
}

template <class T>
leap_status run(leap_stream stream, const void* x, void* y, int64_t rows, int64_t w, int64_t C) {
    constexpr int N = widest_pack(sizeof(T));
    const bool packs = fits_packs(N, C, {{x, sizeof(T), C}, {y, sizeof(T), C}});
    LEAP_TRY(check_elementwise_grid("upsample_nearest_2x", rows, C, packs ? N : 1));
    const LaunchShape shape{stream, elementwise_grid(rows, C, packs ? N : 1), {ELEMENTWISE_THREADS}};
    const T* from = static_cast<const T*>(x);
    T* to = static_cast<T*>(y);
    return packs ? launch<upsample_kernel<T, N>>(shape, from, to, rows, w, C)
                 : launch<upsample_kernel<T, 1>>(shape, from, to, rows, w, C);
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_upsample_nearest_2x(leap_stream stream, leap_dtype dtype, const void* x, void* y, int64_t N,
                                                 int64_t h, int64_t w, int64_t C) {
    LEAP_TRY(leap::checks::upsample_nearest_2x(dtype, x, y, N, h, w, C));
    if (N == 0 || h == 0 || w == 0 || C == 0) return LEAP_OK;
    return dtype == LEAP_F32 ? leap::run<float>(stream, x, y, N * h * w, w, C)
                             : leap::run<leap::bf16>(stream, x, y, N * h * w, w, C);
}
