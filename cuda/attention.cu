/* attention.cu: bidirectional attention over all tokens of a sequence.
 *
 * What      out[t][h] = sum_j softmax_j(scale * q[t][h] . k[j][h']) v[j][h'],  h' = h / (heads / kv_heads)
 *           q[t][h][d] = q[t * q_stride + h * head_dim + d], and so k, v, out
 * Layouts   packed rows of all sequences; bfloat16, products and softmax statistics float32, weights rounded to bfloat16 for
 *           the second product (float32 operands: attention_float32.cu)
 * A block   takes 128 queries of one head of one sequence, and goes once over the keys, TILE_KEYS at a time, in two stages of
 *           shared memory: while one is used, cp.async fills the other
 * A warp    takes 16 or 32 of the queries (attention_tiles.hpp, attention_mma.cuh)
 * Wants     head_dim 1 .. 128; any number of queries and keys; out aliases nothing; no keys: out is 0
 * Source    Vaswani et al. 2017, eq. 1; Milakov and Gimelshein 2018, algorithm 3; Dao 2023 (FlashAttention-2)
 */
#include "attention_float32.hpp"
#include "attention_mma.cuh"
#include "attention_sm90.hpp"
#include "checks.hpp"

namespace leap::attention {
namespace {

template <int HEAD>
__global__ void __launch_bounds__(attention_tile(HEAD).threads(), attention_tile(HEAD).blocks)
    attention_kernel(leap_attention_params p, Access access) {
    constexpr AttentionTile TILE = attention_tile(HEAD);
    constexpr int THREADS = TILE.threads();
    constexpr int TILE_BYTES = TILE_KEYS * row_bytes(HEAD);
    const Sequence sequence(p, int(blockIdx.z));
    const int first = int(blockIdx.x) * TILE.rows();
    if (first >= sequence.queries) return;
    LEAP_DYNAMIC_SHARED(stages);  // (2, keys and values, TILE_KEYS, row_bytes)

    const int h = int(blockIdx.y), kv_h = h / (p.heads / p.kv_heads);
    const bf16* keys = static_cast<const bf16*>(p.k) + sequence.first_key * p.k_stride + int64_t(kv_h) * p.head_dim;
    const bf16* values = static_cast<const bf16*>(p.v) + sequence.first_key * p.v_stride + int64_t(kv_h) * p.head_dim;
    const auto load_stage = [&](int start) {
        std::byte* stage = stages + start / TILE_KEYS % 2 * 2 * TILE_BYTES;
        const int rows = sequence.keys - start;
        load_tile<HEAD, THREADS>(keys + start * p.k_stride, p.k_stride, rows, TILE_KEYS, p.head_dim, access.sixteen_bytes,
                                 stage);
        load_tile<HEAD, THREADS>(values + start * p.v_stride, p.v_stride, rows, TILE_KEYS, p.head_dim, access.sixteen_bytes,
                                 stage + TILE_BYTES);
        ptx::copy_async_commit();
    };
    if (sequence.keys > 0) load_stage(0);

    WarpRows<HEAD, TILE.row_tiles> own;
    const int own_first = first + warp_id() * own.ROWS, own_rows = sequence.queries - own_first;
    const int64_t row = sequence.first_query + own_first, column = int64_t(h) * p.head_dim;
    own.load_queries(p, access, row, own_rows, column);
    for (int start = 0; start < sequence.keys; start += TILE_KEYS) {
        ptx::copy_async_wait<0>();
        __syncthreads();  // this stage is whole, and nobody reads the other one any more
        if (start + TILE_KEYS < sequence.keys) load_stage(start + TILE_KEYS);
        const std::byte* stage = stages + start / TILE_KEYS % 2 * 2 * TILE_BYTES;
        if (own_rows <= 0) continue;
#pragma unroll
        for (int step = 0; step < TILE_KEYS; step += TILE.step_keys)
            own.template attend_tile<TILE.step_keys>(stage + step * row_bytes(HEAD), stage + TILE_BYTES + step * row_bytes(HEAD),
                                                     sequence.keys - start - step);
    }
    own.store(p, access, row, own_rows, column, sequence.keys > 0);
}

template <int HEAD>
leap_status run(leap_stream stream, const leap_attention_params& p) {
    constexpr AttentionTile TILE = attention_tile(HEAD);
    return launch<attention_kernel<HEAD>>(
        {stream, grid(p, TILE.rows()), {unsigned(TILE.threads())}, attention_shared_bytes(HEAD)}, p, access_of(p));
}

leap_status bfloat16(leap_stream stream, const leap_attention_params& p) {
    bool on_sm90 = false;
    LEAP_TRY(choose_sm90(p, on_sm90));
    if (on_sm90) return sm90(stream, p);
    switch (padded_head(p.head_dim)) {
        case 16: return run<16>(stream, p);
        case 24: return run<24>(stream, p);
        case 32: return run<32>(stream, p);
        case 48: return run<48>(stream, p);
        case 64: return run<64>(stream, p);
        case 80: return run<80>(stream, p);
        case 96: return run<96>(stream, p);
        default: return run<128>(stream, p);
    }
}

}  // namespace
}  // namespace leap::attention

LEAP_EXPORT leap_status leap_attention(leap_stream stream, const leap_attention_params* p) {
    using namespace leap;
    LEAP_TRY(checks::attention("attention", p));
    if (p->sequences == 0 || p->max_queries == 0 || p->q_rows == 0) return LEAP_OK;
    LEAP_TRY(attention::check_grid("attention", *p));
    return p->dtype == LEAP_F32 ? attention::float32(stream, *p) : attention::bfloat16(stream, *p);
}
