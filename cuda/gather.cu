/* gather.cu: the features of the rows that are still masked, packed for the head.
 *
 * What      out[b][g][j] = x[row_offsets[b * sequences_per_image + g] + position_rows[g][positions[b][j]]],  j < step->masked
 * Layouts   x: (rows, C) dtype; positions: (images, tokens) int32; out: (images, sequences_per_image, row_capacity, C) dtype
 * A thread  takes a pack of 16 bytes of a row (one element, where the operands are not aligned); rows from step->masked on
 *           are left as they are
 * Wants     out does not alias x; a row whose position is not on the grid, or whose source is negative, becomes NaN
 * Source    none needed
 */
#include "checks.hpp"
#include "elementwise.cuh"

namespace leap {
namespace {

template <class T, int N>
__global__ void __launch_bounds__(ELEMENTWISE_THREADS) gather_kernel(leap_gather_params p) {
    const PackPosition at = pack_position<N>(p.images * p.sequences_per_image * p.row_capacity, p.C);
    if (at.row < 0) return;
    const int64_t sequence = at.row / p.row_capacity, j = at.row % p.row_capacity;
    if (j >= p.step->masked || j >= p.tokens) return;
    const int64_t position = p.positions[sequence / p.sequences_per_image * p.tokens + j];
    int64_t row = -1;
    if (position >= 0 && position < p.tokens) {
        const int64_t within = p.position_rows ? p.position_rows[sequence % p.sequences_per_image * p.tokens + position] : position;
        row = within < 0 ? -1 : p.row_offsets[sequence] + within;
    }
    T* out = static_cast<T*>(p.out) + at.row * p.C + at.column;
    if (row >= 0) {
        const T* from = static_cast<const T*>(p.x) + row * p.C + at.column;
        *reinterpret_cast<Pack<T, N>*>(out) = *reinterpret_cast<const Pack<T, N>*>(from);
        return;
    }
    float nothing[N];
#pragma unroll
    for (int i = 0; i < N; ++i) nothing[i] = NAN;
    store_floats<N>(out, nothing);
}

template <class T>
leap_status run(leap_stream stream, const leap_gather_params& p) {
    constexpr int N = widest_pack(sizeof(T));
    const bool packs = fits_packs(N, p.C, {{p.x, sizeof(T), p.C}, {p.out, sizeof(T), p.C}});
    const int64_t rows = p.images * p.sequences_per_image * p.row_capacity;
    LEAP_TRY(check_elementwise_grid("gather_rows", rows, p.C, packs ? N : 1));
    const LaunchShape shape{stream, elementwise_grid(rows, p.C, packs ? N : 1), {ELEMENTWISE_THREADS}};
    return packs ? launch<gather_kernel<T, N>>(shape, p) : launch<gather_kernel<T, 1>>(shape, p);
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_gather_rows(leap_stream stream, const leap_gather_params* p) {
    LEAP_TRY(leap::checks::gather_rows(p));
    if (p->images == 0 || p->tokens == 0 || p->row_capacity == 0 || p->C == 0) return LEAP_OK;
    return p->dtype == LEAP_F32 ? leap::run<float>(stream, *p) : leap::run<leap::bf16>(stream, *p);
}
