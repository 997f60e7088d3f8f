/* attention_sequence.cuh: one sequence's rows of a ragged batch, as every attention kernel sees them. */
#pragma once

#include "launch.cuh"

namespace leap::attention {

/* Rows of one sequence, from the device's offsets and counts. What these claim beyond the call's bounds is cut off, so that no
 * row is touched that the tensors do not hold. */
struct Sequence {
    int64_t first_query, first_key;
    int queries, keys;

    __device__ __forceinline__ Sequence(const leap_attention_params& p, int s)
        : first_query(p.q_offsets[s]),
          first_key(p.k_offsets[s]),
          queries(count(first_query, int64_t(p.q_offsets[s + 1]) - first_query, p.max_queries, p.q_rows)),
          keys(count(first_key, p.k_counts[s], p.max_keys, p.k_rows)) {}

private:
    /* `wanted` rows from `first` on, as far as there are so many. */
    static __device__ __forceinline__ int count(int64_t first, int64_t wanted, int most, int64_t rows) {
        if (first < 0 || first >= rows) return 0;
        wanted = wanted < most ? wanted : most;
        wanted = wanted < rows - first ? wanted : rows - first;
        return wanted < 0 ? 0 : int(wanted);
    }
};

/* Blocks of one call: blocks of queries, heads, sequences. */
inline leap_status check_grid(const char* name, const leap_attention_params& p) {
    LEAP_REQUIRE(p.heads <= 65535 && p.sequences <= 65535, LEAP_BAD_SHAPE,
                 "%s: heads=%d and sequences=%d are too many for one call (65535 each)", name, p.heads, p.sequences);
    return LEAP_OK;
}

inline dim3 grid(const leap_attention_params& p, int block_queries) {
    return {unsigned(ceil_div(p.max_queries, block_queries)), unsigned(p.heads), unsigned(p.sequences)};
}

}  // namespace leap::attention
