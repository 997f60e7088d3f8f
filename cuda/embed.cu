/* embed.cu: token ids to rows.
 *
 * What      out[s][j] = token_table[ids[s][j]] + position_table[position],  position = positions[s][j], or j
 *           out[s][j] = 0 for j >= counts[s]; NaN where an id or a position is outside its table
 * Layouts   ids, positions: (sequences, capacity) int32, ids_stride apart; tables: (vocabulary, C) and
 *           (positions_in_table, C) table_dtype; out: (sequences, capacity, C) out_dtype; the sum is float32
 * A thread  takes a pack of 16 bytes of the wider dtype of a row (one element, where the operands are not aligned)
 * Wants     nothing of what lies on the device
 * Source    none needed
 */
#include "checks.hpp"
#include "elementwise.cuh"

namespace leap {
namespace {

template <class Table, class Out, int N>
__global__ void __launch_bounds__(ELEMENTWISE_THREADS) embed_kernel(leap_embed_params p) {
    const PackPosition at = pack_position<N>(p.sequences * p.capacity, p.C);
    if (at.row < 0) return;
    Out* out = static_cast<Out*>(p.out) + at.row * p.C + at.column;
    const int64_t s = at.row / p.capacity, j = at.row % p.capacity;
    float sum[N] = {};
    if (p.counts && j >= p.counts[s]) {
        store_floats<N>(out, sum);
        return;
    }
    const int64_t id = p.ids[s * p.ids_stride + j];
    const int64_t position = !p.position_table ? 0 : p.positions ? p.positions[s * p.ids_stride + j] : j;
    if (id < 0 || id >= p.vocabulary || (p.position_table && (position < 0 || position >= p.positions_in_table))) {
#pragma unroll
        for (int i = 0; i < N; ++i) sum[i] = NAN;
        store_floats<N>(out, sum);
        return;
    }
    load_floats<N>(static_cast<const Table*>(p.token_table) + id * p.C + at.column, sum);
    if (p.position_table) {
        float addend[N];
        load_floats<N>(static_cast<const Table*>(p.position_table) + position * p.C + at.column, addend);
#pragma unroll
        for (int i = 0; i < N; ++i) sum[i] += addend[i];
    }
    store_floats<N>(out, sum);
}

template <class Table, class Out>
leap_status run(leap_stream stream, const leap_embed_params& p) {
    constexpr int N = widest_pack(sizeof(Table) > sizeof(Out) ? sizeof(Table) : sizeof(Out));
    const bool packs = fits_packs(N, p.C, {{p.token_table, sizeof(Table), p.C},
                                           {p.position_table, sizeof(Table), p.C},
                                           {p.out, sizeof(Out), p.C}});
    const int64_t rows = p.sequences * p.capacity;
    LEAP_TRY(check_elementwise_grid("embed", rows, p.C, packs ? N : 1));
    const LaunchShape shape{stream, elementwise_grid(rows, p.C, packs ? N : 1), {ELEMENTWISE_THREADS}};
    return packs ? launch<embed_kernel<Table, Out, N>>(shape, p) : launch<embed_kernel<Table, Out, 1>>(shape, p);
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_embed(leap_stream stream, const leap_embed_params* p) {
    using namespace leap;
    LEAP_TRY(checks::embed(p));
    if (p->sequences == 0 || p->capacity == 0 || p->C == 0) return LEAP_OK;
    if (p->table_dtype == LEAP_F32)
        return p->out_dtype == LEAP_F32 ? run<float, float>(stream, *p) : run<float, bf16>(stream, *p);
    return p->out_dtype == LEAP_F32 ? run<bf16, float>(stream, *p) : run<bf16, bf16>(stream, *p);
}
