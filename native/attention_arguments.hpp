/* attention_arguments.hpp: what attention and cross-attention share outside their inner loops: the preconditions, and the
 * tasks that the work is cut into. */
#pragma once

#include <algorithm>

#include "checks.hpp"
#include "parallel.hpp"

namespace leap::attention {

/* LEAP_OK, or the first precondition that does not hold; writes nothing. */
inline leap_status check(const char* name, const leap_attention_params* p) {
    LEAP_TRY(checks::attention(name, p));
    if (p->sequences == 0) return LEAP_OK;
    LEAP_REQUIRE(p->q_offsets[0] >= 0, LEAP_BAD_ARGUMENT, "%s: q_offsets[0]=%d is negative", name, p->q_offsets[0]);
    for (int s = 0; s < p->sequences; ++s) {
        const int64_t queries = int64_t(p->q_offsets[s + 1]) - p->q_offsets[s];
        LEAP_REQUIRE(queries >= 0, LEAP_BAD_ARGUMENT, "%s: q_offsets[%d]=%d is less than q_offsets[%d]=%d", name, s + 1,
                     p->q_offsets[s + 1], s, p->q_offsets[s]);
        LEAP_REQUIRE(queries <= p->max_queries, LEAP_BAD_ARGUMENT, "%s: sequence %d has %lld queries, max_queries=%d",
                     name, s, (long long)queries, p->max_queries);
        LEAP_REQUIRE(p->k_counts[s] >= 0 && p->k_counts[s] <= p->max_keys, LEAP_BAD_ARGUMENT,
                     "%s: k_counts[%d]=%d is not in 0 .. max_keys=%d", name, s, p->k_counts[s], p->max_keys);
        LEAP_REQUIRE(p->k_offsets[s] >= 0, LEAP_BAD_ARGUMENT, "%s: k_offsets[%d]=%d is negative", name, s,
                     p->k_offsets[s]);
        LEAP_REQUIRE(p->k_counts[s] == 0 || int64_t(p->k_offsets[s]) + p->k_counts[s] <= p->k_rows, LEAP_BAD_ARGUMENT,
                     "%s: k_offsets[%d]=%d and k_counts[%d]=%d exceed k_rows=%lld", name, s, p->k_offsets[s], s,
                     p->k_counts[s], (long long)p->k_rows);
    }
    LEAP_REQUIRE(p->q_offsets[p->sequences] <= p->q_rows, LEAP_BAD_ARGUMENT, "%s: q_offsets[%d]=%d exceeds q_rows=%lld",
                 name, p->sequences, p->q_offsets[p->sequences], (long long)p->q_rows);
    return LEAP_OK;
}

/* The most queries of any sequence. */
inline int longest_sequence(const leap_attention_params& p) {
    int longest = 0;
    for (int s = 0; s < p.sequences; ++s) longest = std::max(longest, p.q_offsets[s + 1] - p.q_offsets[s]);
    return longest;
}

/* The most keys of any sequence. */
inline int longest_key_list(const leap_attention_params& p) {
    return p.sequences == 0 ? 0 : *std::max_element(p.k_counts, p.k_counts + p.sequences);
}

/* One head's rows of up to `block` queries of one sequence, and all keys of that sequence. */
template <class T>
struct Task {
    const T* q;
    const T* k;
    const T* v;
    T* out;
    int queries;  // 0 beyond the end of a sequence that is shorter than the longest
    int keys;
};

/* The partition of a call: tasks (sequence, head, block of queries), the last index fastest. Sequences are cut evenly into
 * blocks of about `wanted` queries, whole tiles: 1024 tokens and a class token are 576 + 449, not 512 + 512 + 1. Tiles start
 * at multiples of `tile` queries of their sequence, so where the cuts lie changes no bit. */
struct Partition {
    int64_t block;
    int64_t blocks;  // of the longest sequence
    int64_t tasks;
    bool parallel;

    Partition(const leap_attention_params& p, int64_t wanted, int64_t tile) {
        const int64_t longest = longest_sequence(p);
        const int64_t pieces = std::max<int64_t>(1, (longest + wanted / 2) / wanted);
        block = std::max(tile, ceil_div(ceil_div(longest, pieces), tile) * tile);
        blocks = ceil_div(longest, block);
        int64_t pairs = 0;
        for (int s = 0; s < p.sequences; ++s)
            pairs += int64_t(p.q_offsets[s + 1] - p.q_offsets[s]) * (int64_t(p.k_counts[s]) + 1);
        tasks = int64_t(p.sequences) * p.heads * blocks;
        // Below about a million multiplications and additions (10 microseconds) one thread is faster.
        parallel = tasks > 1 && pairs * p.heads * p.head_dim * 4 >= 1 << 20;
    }

    template <class T>
    Task<T> task(const leap_attention_params& p, int64_t index) const {
        const int64_t h = index / blocks % p.heads;
        const int64_t s = index / blocks / p.heads;
        const int64_t t = p.q_offsets[s] + index % blocks * block;
        const int64_t queries = std::min<int64_t>(block, p.q_offsets[s + 1] - t);
        if (queries <= 0) return {};
        const int64_t column = h * p.head_dim;
        const int64_t kv_column = h / (p.heads / p.kv_heads) * p.head_dim;
        const int64_t key = p.k_offsets[s];
        const bool keys = p.k_counts[s] > 0;  // k and v may be null without keys
        return {static_cast<const T*>(p.q) + t * p.q_stride + column,
                keys ? static_cast<const T*>(p.k) + key * p.k_stride + kv_column : nullptr,
                keys ? static_cast<const T*>(p.v) + key * p.v_stride + kv_column : nullptr,
                static_cast<T*>(p.out) + t * p.out_stride + column,
                int(queries),
                p.k_counts[s]};
    }
};

}  // namespace leap::attention
