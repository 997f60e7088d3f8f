/* to_rgb.cu: pixel values to bytes.
 *
 * What      rgb[i] = round_half_even((clamp(x[i], low, high) - low) / (high - low) * 255); NaN becomes 0
 * Layouts   x: (n) dtype; rgb: (n) bytes; float32 inside
 * A thread  takes a pack of four elements (one, where the operands are not aligned to four)
 * Wants     low < high, both finite
 * Source    none needed
 */
#include "checks.hpp"
#include "elementwise.cuh"

namespace leap {
namespace {

template <class T, int N>
__global__ void __launch_bounds__(ELEMENTWISE_THREADS)
    to_rgb_kernel(const T* x, uint8_t* rgb, int64_t n, float low, float high) {
    const int64_t i = (int64_t(blockIdx.x) * ELEMENTWISE_THREADS + threadIdx.x) * N;
    if (i >= n) return;
    float values[N];
    load_floats<N>(x + i, values);
    Pack<uint8_t, N> bytes;
#pragma unroll
    for (int k = 0; k < N; ++k) {
        float clamped = values[k] > low ? values[k] : low;  // NaN compares false: low
        clamped = clamped < high ? clamped : high;
        bytes.at[k] = uint8_t(int(rintf((clamped - low) / (high - low) * 255.0f)));
    }
    *reinterpret_cast<Pack<uint8_t, N>*>(rgb + i) = bytes;
}

template <class T>
leap_status run(leap_stream stream, const void* x, uint8_t* rgb, int64_t n, float low, float high) {
    constexpr int N = 4;
    const bool packs = fits_packs(N, n, {{x, sizeof(T), 0}, {rgb, 1, 0}});
    LEAP_TRY(check_elementwise_grid("to_rgb", 1, n, packs ? N : 1));
    const LaunchShape shape{stream, elementwise_grid(1, n, packs ? N : 1), {ELEMENTWISE_THREADS}};
    const T* from = static_cast<const T*>(x);
    return packs ? launch<to_rgb_kernel<T, N>>(shape, from, rgb, n, low, high)
                 : launch<to_rgb_kernel<T, 1>>(shape, from, rgb, n, low, high);
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_to_rgb(leap_stream stream, leap_dtype dtype, const void* x, uint8_t* rgb, int64_t n, float low,
                                    float high) {
    LEAP_TRY(leap::checks::to_rgb(dtype, x, rgb, n, low, high));
    if (n == 0) return LEAP_OK;
    return dtype == LEAP_F32 ? leap::run<float>(stream, x, rgb, n, low, high)
                             : leap::run<leap::bf16>(stream, x, rgb, n, low, high);
}
