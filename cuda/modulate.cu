/* modulate.cu: adaLN modulation of the shortcut network.
 *
 * What      y[r][c] = x[r][c] (1 + scale[c]) + shift[c],  (scale | shift) = modulation[r / rows_per_modulation]
 * Layouts   x: (rows, C) float32; modulation: (n, 2 C) float32; y: (rows, C) y_dtype
 * A thread  takes a pack of four elements of a row (one, where the operands are not aligned to four)
 * Wants     any sizes; y may be x where it is float32
 * Source    Peebles and Xie 2023 (DiT), section 3.2, without the gate
 */
#include "checks.hpp"
#include "elementwise.cuh"

namespace leap {
namespace {

template <class Y, int N>
__global__ void __launch_bounds__(ELEMENTWISE_THREADS)
    modulate_kernel(const float* x, const float* modulation, Y* y, int64_t rows, int64_t C, int64_t rows_per_modulation) {
    const PackPosition at = pack_position<N>(rows, C);
    if (at.row < 0) return;
    const float* own = modulation + at.row / rows_per_modulation * 2 * C + at.column;
    float z[N], scale[N], shift[N];
    load_floats<N>(x + at.row * C + at.column, z);
    load_floats<N>(own, scale);
    load_floats<N>(own + C, shift);
#pragma unroll
    for (int i = 0; i < N; ++i) z[i] = z[i] * (1.0f + scale[i]) + shift[i];
    store_floats<N>(y + at.row * C + at.column, z);
}

template <class Y>
leap_status run(leap_stream stream, const float* x, const float* modulation, void* y, int64_t rows, int64_t C,
                int64_t rows_per_modulation) {
    constexpr int N = 4;
    const bool packs = fits_packs(N, C, {{x, sizeof(float), C}, {modulation, sizeof(float), C}, {y, sizeof(Y), C}});
    LEAP_TRY(check_elementwise_grid("modulate", rows, C, packs ? N : 1));
    const LaunchShape shape{stream, elementwise_grid(rows, C, packs ? N : 1), {ELEMENTWISE_THREADS}};
    Y* to = static_cast<Y*>(y);
    return packs ? launch<modulate_kernel<Y, N>>(shape, x, modulation, to, rows, C, rows_per_modulation)
                 : launch<modulate_kernel<Y, 1>>(shape, x, modulation, to, rows, C, rows_per_modulation);
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_modulate(leap_stream stream, const float* x, const float* modulation, void* y,
                                      leap_dtype y_dtype, int64_t rows, int64_t C, int64_t rows_per_modulation) {
    LEAP_TRY(leap::checks::modulate(x, modulation, y, y_dtype, rows, C, rows_per_modulation));
    if (rows == 0 || C == 0) return LEAP_OK;
    return y_dtype == LEAP_F32 ? leap::run<float>(stream, x, modulation, y, rows, C, rows_per_modulation)
                               : leap::run<leap::bf16>(stream, x, modulation, y, rows, C, rows_per_modulation);
}
