/* cross_attention.cu: attention of many queries to a short list of keys, the tokens just sampled.
 *
 * What      out[t][h] = sum_j softmax_j(scale * q[t][h] . k[j][h']) v[j][h'],  h' = h / (heads / kv_heads)
 *           q[t][h][d] = q[t * q_stride + h * head_dim + d], and so k, v, out
 * Layouts   packed rows of all sequences; bfloat16, products and softmax statistics float32, weights rounded to bfloat16 for
 *           the second product (float32 operands: attention_float32.cu)
 * A block   takes one head of one sequence: it loads up to CROSS_KEYS keys and values once and streams its tiles of queries past
 *           them. Longer lists are gone over in batches, for each tile again
 * A warp    takes 16 queries of a tile (attention_tiles.hpp, attention_mma.cuh)
 * Wants     head_dim 1 .. 128; any number of queries and keys; out aliases nothing; no keys: out is 0
 * Source    MIGM-Shortcut (Zhu et al. 2026, arXiv 2602.23996), section on the shortcut's architecture
 */
#include "attention_float32.hpp"
#include "attention_mma.cuh"
#include "checks.hpp"

namespace leap::attention {
namespace {

constexpr int THREADS = CROSS_WARPS * WARP;

/* Keys whose scores a warp holds at once: those of a usual step. */
constexpr int STEP_KEYS = 32;

/* Of a multiprocessor at once, at least: the bound on registers. */
constexpr int blocks(int head) { return head < 96 ? 3 : 2; }

template <int HEAD>
__global__ void __launch_bounds__(THREADS, blocks(HEAD)) cross_attention_kernel(leap_attention_params p, Access access, int tiles) {
    const Sequence sequence(p, int(blockIdx.z));
    const int block_first = int(blockIdx.x) * tiles * CROSS_ROWS;
    if (block_first >= sequence.queries) return;
    const int on_chip = cross_keys_on_chip(p.max_keys);
    LEAP_DYNAMIC_SHARED(keys_tile);  // (on_chip, row_bytes)
    std::byte* values_tile = keys_tile + on_chip * row_bytes(HEAD);

    const int h = int(blockIdx.y), kv_h = h / (p.heads / p.kv_heads);
    const bf16* keys = static_cast<const bf16*>(p.k) + sequence.first_key * p.k_stride + int64_t(kv_h) * p.head_dim;
    const bf16* values = static_cast<const bf16*>(p.v) + sequence.first_key * p.v_stride + int64_t(kv_h) * p.head_dim;
    const auto load_batch = [&](int start) {
        const int rows = sequence.keys - start;
        const int wanted = rows < on_chip ? ceil_div(rows, GROUP_KEYS) * GROUP_KEYS : on_chip;
        load_tile<HEAD, THREADS>(keys + start * p.k_stride, p.k_stride, rows, wanted, p.head_dim, access.sixteen_bytes,
                                 keys_tile);
        load_tile<HEAD, THREADS>(values + start * p.v_stride, p.v_stride, rows, wanted, p.head_dim, access.sixteen_bytes,
                                 values_tile);
        ptx::copy_async_commit();
    };
    const auto wait_for_batch = [] {
        ptx::copy_async_wait<0>();
        __syncthreads();
    };
    const bool one_batch = sequence.keys <= on_chip;
    if (one_batch) load_batch(0);

    for (int tile = 0; tile < tiles; ++tile) {
        const int first = block_first + tile * CROSS_ROWS;
        if (first >= sequence.queries) break;
        WarpRows<HEAD, 1> own;
        const int own_first = first + warp_id() * own.ROWS, own_rows = sequence.queries - own_first;
        const int64_t row = sequence.first_query + own_first, column = int64_t(h) * p.head_dim;
        own.load_queries(p, access, row, own_rows, column);
        if (one_batch && tile == 0) wait_for_batch();
        for (int start = 0; start < sequence.keys; start += on_chip) {
            if (!one_batch) {
                __syncthreads();  // nobody reads the batch before any more
                load_batch(start);
                wait_for_batch();
            }
            const int count = sequence.keys - start < on_chip ? sequence.keys - start : on_chip;
            for (int step = 0; step < count && own_rows > 0; step += STEP_KEYS)
                own.template attend_tile<STEP_KEYS>(keys_tile + step * row_bytes(HEAD), values_tile + step * row_bytes(HEAD),
                                                    count - step);
        }
        own.store(p, access, row, own_rows, column, sequence.keys > 0);
    }
}

template <int HEAD>
leap_status run(leap_stream stream, const leap_attention_params& p, int tiles) {
    return launch<cross_attention_kernel<HEAD>>(
        {stream, grid(p, tiles * CROSS_ROWS), {THREADS}, cross_shared_bytes(HEAD, p.max_keys)}, p, access_of(p), tiles);
}

leap_status bfloat16(leap_stream stream, const leap_attention_params& p) {
    DeviceProperties device;
    LEAP_TRY(device_properties(device));
    const int tiles = cross_tiles_per_block(p.max_queries, p.heads, p.sequences, device.multiprocessors);
    switch (padded_head(p.head_dim)) {
        case 16: return run<16>(stream, p, tiles);
        case 24: return run<24>(stream, p, tiles);
        case 32: return run<32>(stream, p, tiles);
        case 48: return run<48>(stream, p, tiles);
        case 64: return run<64>(stream, p, tiles);
        case 80: return run<80>(stream, p, tiles);
        case 96: return run<96>(stream, p, tiles);
        default: return run<128>(stream, p, tiles);
    }
}

}  // namespace
}  // namespace leap::attention

LEAP_EXPORT leap_status leap_cross_attention(leap_stream stream, const leap_attention_params* p) {
    using namespace leap;
    LEAP_TRY(checks::attention("cross_attention", p));
    if (p->sequences == 0 || p->max_queries == 0 || p->q_rows == 0) return LEAP_OK;
    LEAP_TRY(attention::check_grid("cross_attention", *p));
    return p->dtype == LEAP_F32 ? attention::float32(stream, *p) : attention::bfloat16(stream, *p);
}
