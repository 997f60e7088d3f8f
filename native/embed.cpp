/* embed.cpp: token ids to rows.
 *
 * What      out[s][j] = token_table[ids[s][j]] + position_table[position],  position = positions[s][j], or j
 *           out[s][j] = 0 for j >= counts[s]
 * Layouts   ids, positions: (sequences, capacity) int32, ids_stride apart; tables: (vocabulary, C) and
 *           (positions_in_table, C) table_dtype; out: (sequences, capacity, C) out_dtype
 * A thread  takes whole rows
 * Wants     ids and positions of valid rows inside their tables (checked before anything is written)
 * Source    none needed
 */
#include <algorithm>

#include "bf16.hpp"
#include "checks.hpp"
#include "parallel.hpp"
#include "simd.hpp"

namespace leap {
namespace {

int64_t valid_rows(const leap_embed_params& p, int64_t s) { return p.counts ? p.counts[s] : p.capacity; }

leap_status check(const leap_embed_params* p) {
    LEAP_TRY(checks::embed(p));
    if (p->C == 0) return LEAP_OK;
    for (int64_t s = 0; s < p->sequences; ++s) {
        const int64_t count = valid_rows(*p, s);
        LEAP_REQUIRE(count >= 0 && count <= p->capacity, LEAP_BAD_ARGUMENT,
                     "embed: counts[%lld]=%lld is not in 0 .. capacity=%lld", (long long)s, (long long)count,
                     (long long)p->capacity);
        for (int64_t j = 0; j < count; ++j) {
            const int64_t at = s * p->ids_stride + j;
            LEAP_REQUIRE(p->ids[at] >= 0 && p->ids[at] < p->vocabulary, LEAP_BAD_ARGUMENT,
                         "embed: ids[%lld][%lld]=%d is not in the table of %lld tokens", (long long)s, (long long)j,
                         p->ids[at], (long long)p->vocabulary);
            if (!p->position_table) continue;
            const int64_t position = p->positions ? p->positions[at] : j;
            LEAP_REQUIRE(position >= 0 && position < p->positions_in_table, LEAP_BAD_ARGUMENT,
                         "embed: position %lld of row [%lld][%lld] is not in the table of %lld positions",
                         (long long)position, (long long)s, (long long)j, (long long)p->positions_in_table);
        }
    }
    return LEAP_OK;
}

template <class Table, class Out>
void run(const leap_embed_params& p) {
    const Table* token_table = static_cast<const Table*>(p.token_table);
    const Table* position_table = static_cast<const Table*>(p.position_table);
    const int64_t rows = p.sequences * p.capacity;
#pragma omp parallel for schedule(static) if (rows * p.C >= PARALLEL_ELEMENTS)
    for (int64_t r = 0; r < rows; ++r) {
        const int64_t s = r / p.capacity;
        const int64_t j = r % p.capacity;
        Out* out = static_cast<Out*>(p.out) + r * p.C;
        if (j >= valid_rows(p, s)) {
            std::fill_n(out, p.C, Out(0));
            continue;
        }
        const int64_t at = s * p.ids_stride + j;
        const Table* token = token_table + p.ids[at] * p.C;
        if (!position_table) {
            for_each_vector(p.C, [&](int64_t c, auto lanes) { store(out + c, load(token + c, lanes), lanes); });
            continue;
        }
        const Table* position = position_table + (p.positions ? p.positions[at] : j) * p.C;
        for_each_vector(p.C, [&](int64_t c, auto lanes) {
            store(out + c, load(token + c, lanes) + load(position + c, lanes), lanes);
        });
    }
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_embed(leap_stream, const leap_embed_params* p) {
    LEAP_TRY(leap::check(p));
    leap::with_element(p->table_dtype, [&]<class Table>() {
        leap::with_element(p->out_dtype, [&]<class Out>() { leap::run<Table, Out>(*p); });
    });
    return LEAP_OK;
}
