/* add.cu: a residual add that no norm follows.
 *
 * What      y[i] += x[i]
 * Layouts   x: (n) dtype; y: (n) float32; the sum is float32
 * A thread  takes a pack of four elements (one, where the operands are not aligned to four)
 * Wants     no alias
 * Source    none needed
 */
#include "checks.hpp"
#include "elementwise.cuh"

namespace leap {
namespace {

template <class T, int N>
__global__ void __launch_bounds__(ELEMENTWISE_THREADS) add_kernel(const T* x, float* y, int64_t n) {
    const int64_t i = (int64_t(blockIdx.x) * ELEMENTWISE_THREADS + threadIdx.x) * N;
    if (i >= n) return;
    float a[N], b[N];
    load_floats<N>(x + i, a);
    load_floats<N>(y + i, b);
#pragma unroll
    for (int k = 0; k < N; ++k) b[k] += a[k];
    store_floats<N>(y + i, b);
}

template <class T>
leap_status run(leap_stream stream, const T* x, float* y, int64_t n) {
    const bool packs = fits_packs(4, n, {{x, sizeof(T), 0}, {y, sizeof(float), 0}});
    LEAP_TRY(check_elementwise_grid("add", 1, n, packs ? 4 : 1));
    const LaunchShape shape{stream, elementwise_grid(1, n, packs ? 4 : 1), {ELEMENTWISE_THREADS}};
    return packs ? launch<add_kernel<T, 4>>(shape, x, y, n) : launch<add_kernel<T, 1>>(shape, x, y, n);
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_add(leap_stream stream, leap_dtype dtype, const void* x, float* y, int64_t n) {
    LEAP_TRY(leap::checks::add(dtype, x, y, n));
    if (n == 0) return LEAP_OK;
    if (dtype == LEAP_F32) return leap::run(stream, static_cast<const float*>(x), y, n);
    return leap::run(stream, static_cast<const leap::bf16*>(x), y, n);
}
