/* convert.cu: a tensor in another dtype.
 *
 * What      y[i] = x[i], rounded to the nearest, ties to even
 * Layouts   x: (n) x_dtype; y: (n) y_dtype
 * A thread  takes a pack of four elements (one, where the operands are not aligned to four)
 * Wants     no alias
 * Source    none needed
 */
#include "checks.hpp"
#include "elementwise.cuh"

namespace leap {
namespace {

template <class X, class Y, int N>
__global__ void __launch_bounds__(ELEMENTWISE_THREADS) convert_kernel(const X* x, Y* y, int64_t n) {
    const int64_t i = (int64_t(blockIdx.x) * ELEMENTWISE_THREADS + threadIdx.x) * N;
    if (i >= n) return;
    float pack[N];
    load_floats<N>(x + i, pack);
    store_floats<N>(y + i, pack);
}

template <class X, class Y>
leap_status run(leap_stream stream, const X* x, Y* y, int64_t n) {
    const bool packs = fits_packs(4, n, {{x, sizeof(X), 0}, {y, sizeof(Y), 0}});
    LEAP_TRY(check_elementwise_grid("convert", 1, n, packs ? 4 : 1));
    const LaunchShape shape{stream, elementwise_grid(1, n, packs ? 4 : 1), {ELEMENTWISE_THREADS}};
    return packs ? launch<convert_kernel<X, Y, 4>>(shape, x, y, n) : launch<convert_kernel<X, Y, 1>>(shape, x, y, n);
}

template <class X>
leap_status run(leap_stream stream, const X* x, leap_dtype y_dtype, void* y, int64_t n) {
    return y_dtype == LEAP_F32 ? run(stream, x, static_cast<float*>(y), n) : run(stream, x, static_cast<bf16*>(y), n);
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_convert(leap_stream stream, leap_dtype x_dtype, const void* x, leap_dtype y_dtype, void* y,
                                     int64_t n) {
    LEAP_TRY(leap::checks::convert(x_dtype, x, y_dtype, y, n));
    if (n == 0) return LEAP_OK;
    if (x_dtype == LEAP_F32) return leap::run(stream, static_cast<const float*>(x), y_dtype, y, n);
    return leap::run(stream, static_cast<const leap::bf16*>(x), y_dtype, y, n);
}
