/* attention.cpp: bidirectional attention over all tokens of a sequence.
 *
 * What      out[t][h] = sum_j softmax_j(scale * q[t][h] . k[j][h']) v[j][h'],  h' = h / (heads / kv_heads)
 *           q[t][h][d] = q[t * q_stride + h * head_dim + d], and so k, v, out
 * Layouts   packed rows of all sequences, dtype; sums and softmax statistics float32; factors: attention_blocks.hpp
 * A thread  takes tasks (sequence, head, block of queries). It goes once over the keys, KEY_BLOCK at a time: packs
 *           them, and adds them to every tile of its queries. A tile's scores (KEY_BLOCK, TILE_QUERIES) stay in cache
 * Wants     head_dim 1 .. 128; any number of queries and keys; out aliases nothing
 * Source    Vaswani et al. 2017, eq. 1; Milakov and Gimelshein 2018, algorithm 3; blocking after Dao et al. 2022
 */
#include <algorithm>

#include "attention_arguments.hpp"
#include "attention_blocks.hpp"
#include "bf16.hpp"
#include "parallel.hpp"
#include "scratch.hpp"

namespace leap::attention {
namespace {

/* A multiple of ROWS, so that no register tile is cut; scores, keys and values of a block fit a 32 KiB cache. */
constexpr int KEY_BLOCK = 48;
static_assert(KEY_BLOCK % ROWS == 0 && KEY_BLOCK % 2 == 0, "a key block is whole register tiles and pairs");

/* About how many queries share one packing of the keys. Few leave packing visible (7 % of the time at 256 and head_dim 48),
 * many leave the second-level cache (512 with head_dim 48: 200 KiB of tiles) and are hard to share out among threads. */
constexpr int wanted_queries(int head_dim) { return std::clamp(24 * 1024 / head_dim, 256, 512); }

/* One thread's memory. */
struct Workspace {
    float* keys;     // (KEY_BLOCK, head_dim)
    float* values;   // (KEY_BLOCK, head_dim)
    float* weights;  // (KEY_BLOCK, TILE_QUERIES)
    float* tiles;    // (block / TILE_QUERIES, tile_floats)

    static std::size_t floats(int head_dim, int64_t block) {
        return std::size_t(2 * head_dim + TILE_QUERIES) * KEY_BLOCK + block / TILE_QUERIES * tile_floats(head_dim);
    }
    Workspace(float* memory, int head_dim)
        : keys(memory), values(keys + KEY_BLOCK * head_dim), weights(values + KEY_BLOCK * head_dim),
          tiles(weights + KEY_BLOCK * TILE_QUERIES) {}
};

template <class T>
void attend(const Task<T>& task, const leap_attention_params& p, const Workspace& workspace) {
    using F = Factor<T>;
    const int head_dim = p.head_dim;
    const float scale = p.scale * LOG2_E;
    F* keys = reinterpret_cast<F*>(workspace.keys);
    F* values = reinterpret_cast<F*>(workspace.values);
    const auto for_each_tile = [&](auto&& visit) {
        for (int t = 0; t < task.queries; t += TILE_QUERIES) {
            const int count = std::min(TILE_QUERIES, task.queries - t);
            with_tile<F>(workspace.tiles + t / TILE_QUERIES * tile_floats(head_dim), head_dim, count,
                         [&](const auto& tile) { visit(tile, t, count); });
        }
    };
    for_each_tile([&](const auto& tile, int t, int count) {
        tile.start(task.q + t * p.q_stride, p.q_stride, count);
    });
    int64_t j = 0;
    do {
        const int count = int(std::min<int64_t>(KEY_BLOCK, task.keys - j));
        pack_keys(task.k + j * p.k_stride, p.k_stride, count, head_dim, keys);
        pack_values(task.v + j * p.v_stride, p.v_stride, count, head_dim, values);
        for_each_tile([&](const auto& tile, int, int) {
            tile.add_keys(j == 0, keys, values, count, workspace.weights, scale);
        });
        j += KEY_BLOCK;
    } while (j < task.keys);
    for_each_tile([&](const auto& tile, int t, int count) {
        tile.finish(task.out + t * p.out_stride, p.out_stride, count);
    });
}

template <class T>
leap_status run(const leap_attention_params& p) {
    const Partition partition(p, wanted_queries(p.head_dim), TILE_QUERIES);
    const std::size_t slice = padded_bytes<float>(Workspace::floats(p.head_dim, partition.block));
    std::byte* scratch = thread_scratch().reserve(slice * (partition.parallel ? omp_get_max_threads() : 1));
    LEAP_REQUIRE(scratch, LEAP_OUT_OF_MEMORY, "attention: no memory for %zu bytes of scratch per thread", slice);

#pragma omp parallel for schedule(dynamic) if (partition.parallel)
    for (int64_t index = 0; index < partition.tasks; ++index) {
        const Task<T> task = partition.task<T>(p, index);
        float* memory = reinterpret_cast<float*>(scratch + slice * omp_get_thread_num());
        if (task.queries > 0) attend(task, p, Workspace(memory, p.head_dim));
    }
    return LEAP_OK;
}

}  // namespace
}  // namespace leap::attention

LEAP_EXPORT leap_status leap_attention(leap_stream, const leap_attention_params* p) {
    LEAP_TRY(leap::attention::check("attention", p));
    return leap::with_element(p->dtype, [&]<class T>() { return leap::attention::run<T>(*p); });
}
