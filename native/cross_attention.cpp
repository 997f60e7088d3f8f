/* cross_attention.cpp: attention of many queries to a short list of keys, the tokens just sampled.
 *
 * What      as attention.cpp
 * Layouts   as attention.cpp
 * A thread  takes tasks (sequence, head, block of queries): packs all keys and values of the head once, then streams
 *           over the queries a tile at a time. Up to KEY_BLOCK keys the softmax is done in one go, and a tile never
 *           leaves the cache between its first read and its only write
 * Wants     head_dim 1 .. 128; any number of queries and keys, made for up to a few hundred keys; out aliases nothing
 * Source    MIGM-Shortcut (Zhu et al. 2026, arXiv 2602.23996); Vaswani et al. 2017, eq. 1
 */
#include <algorithm>

#include "attention_arguments.hpp"
#include "attention_blocks.hpp"
#include "bf16.hpp"
#include "parallel.hpp"
#include "scratch.hpp"

namespace leap::attention {
namespace {

/* Scores (KEY_BLOCK, TILE_QUERIES) stay in the second-level cache; a multiple of ROWS. */
constexpr int KEY_BLOCK = 240;
static_assert(KEY_BLOCK % ROWS == 0 && KEY_BLOCK % 2 == 0, "a key block is whole register tiles and pairs");

/* About how many queries share one packing of the keys. */
constexpr int WANTED_QUERIES = 512;

/* One thread's memory. */
struct Workspace {
    float* weights;  // (KEY_BLOCK, TILE_QUERIES)
    float* tile;     // (tile_floats)
    float* keys;     // (max_keys, head_dim)
    float* values;   // (max_keys, head_dim)

    static std::size_t floats(int head_dim, int max_keys) {
        return KEY_BLOCK * TILE_QUERIES + tile_floats(head_dim) + std::size_t(2) * max_keys * head_dim;
    }
    Workspace(float* memory, int head_dim, int max_keys)
        : weights(memory), tile(weights + KEY_BLOCK * TILE_QUERIES), keys(tile + tile_floats(head_dim)),
          values(keys + std::size_t(max_keys) * head_dim) {}
};

template <class T>
void attend(const Task<T>& task, const leap_attention_params& p, const Workspace& workspace) {
    using F = Factor<T>;
    const int head_dim = p.head_dim;
    const float scale = p.scale * LOG2_E;
    F* keys = reinterpret_cast<F*>(workspace.keys);
    F* values = reinterpret_cast<F*>(workspace.values);
    pack_keys(task.k, p.k_stride, task.keys, head_dim, keys);
    pack_values(task.v, p.v_stride, task.keys, head_dim, values);
    for (int t = 0; t < task.queries; t += TILE_QUERIES) {
        const int count = std::min(TILE_QUERIES, task.queries - t);
        with_tile<F>(workspace.tile, head_dim, count, [&](const auto& tile) {
            tile.start(task.q + t * p.q_stride, p.q_stride, count);
            int64_t j = 0;
            do {
                tile.add_keys(j == 0, keys + j * depth_of<F>(head_dim), values + depth_of<F>(int(j)) * head_dim,
                              int(std::min<int64_t>(KEY_BLOCK, task.keys - j)), workspace.weights, scale);
                j += KEY_BLOCK;
            } while (j < task.keys);
            tile.finish(task.out + t * p.out_stride, p.out_stride, count);
        });
    }
}

template <class T>
leap_status run(const leap_attention_params& p) {
    const Partition partition(p, WANTED_QUERIES, TILE_QUERIES);
    const int most_keys = longest_key_list(p);
    const std::size_t slice = padded_bytes<float>(Workspace::floats(p.head_dim, most_keys));
    std::byte* scratch = thread_scratch().reserve(slice * (partition.parallel ? omp_get_max_threads() : 1));
    LEAP_REQUIRE(scratch, LEAP_OUT_OF_MEMORY, "cross_attention: no memory for %zu bytes of scratch per thread", slice);

#pragma omp parallel for schedule(dynamic) if (partition.parallel)
    for (int64_t index = 0; index < partition.tasks; ++index) {
        const Task<T> task = partition.task<T>(p, index);
        float* memory = reinterpret_cast<float*>(scratch + slice * omp_get_thread_num());
        if (task.queries > 0) attend(task, p, Workspace(memory, p.head_dim, most_keys));
    }
    return LEAP_OK;
}

}  // namespace
}  // namespace leap::attention

LEAP_EXPORT leap_status leap_cross_attention(leap_stream, const leap_attention_params* p) {
    LEAP_TRY(leap::attention::check("cross_attention", p));
    return leap::with_element(p->dtype, [&]<class T>() { return leap::attention::run<T>(*p); });
}
