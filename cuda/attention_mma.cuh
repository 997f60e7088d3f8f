/* attention_mma.cuh: what one warp does in attention on tensor cores: a few rows of queries, their running softmax, and tiles
 * of keys and values that it finds in shared memory.
 *
 * Fragments as ptx.cuh has them: lane 4 g + t holds rows g and g + 8 of a row tile. Scores come out of the first product where
 * the second one wants its left operand, so the weights never leave the registers (after Dao 2023, section 3.3).
 */
#pragma once

#include <bit>

#include "attention_sequence.cuh"
#include "attention_tiles.hpp"

namespace leap::attention {

/* How the tensors can be accessed, seen on the host. */
struct Access {
    bool sixteen_bytes;  // keys and values: rows and heads start on 16 bytes, head_dim is a multiple of 8
    bool pairs;          // queries and out: rows and heads start on 4 bytes, head_dim is even
};

inline Access access_of(const leap_attention_params& p) {
    const auto starts = [&](const void* pointer, int64_t stride, int elements) {
        return is_aligned(pointer, elements * sizeof(bf16)) && stride % elements == 0 && p.head_dim % elements == 0;
    };
    return {starts(p.k, p.k_stride, 8) && starts(p.v, p.v_stride, 8),
            starts(p.q, p.q_stride, 2) && starts(p.out, p.out_stride, 2)};
}

/* Copies `rows` rows of one head to a tile of TILE_ROWS rows in shared memory; what lies beyond, in rows or in columns, becomes 0:
 * a weight of 0 times whatever is there must be 0. Asynchronous where the access allows it: commit, wait, barrier. */
template <int HEAD, int THREADS>
__device__ __forceinline__ void load_tile(const bf16* from, int64_t stride, int rows, int tile_rows, int head_dim,
                                          bool sixteen_bytes, std::byte* tile) {
    if (sixteen_bytes) {
        // A power of two of threads to a row, some of them idle: a thread stays in its columns, so that all it does is add.
        constexpr int CHUNK = 8, LANES = int(std::bit_ceil(unsigned(HEAD / CHUNK))), STEP = THREADS / LANES;
        const int first = int(threadIdx.x) / LANES, d = int(threadIdx.x) % LANES * CHUNK;
        if (d >= HEAD) return;
        from += first * stride + d;
        tile += first * row_bytes(HEAD) + d * sizeof(bf16);
#pragma unroll
        for (int step = 0; step < tile_rows; step += STEP) {
            if (tile_rows % STEP != 0 && first + step >= tile_rows) return;
            ptx::copy_async_16(tile + step * row_bytes(HEAD), from, first + step < rows && d < head_dim);
            from += STEP * stride;
        }
        return;
    }
    for (int i = int(threadIdx.x); i < tile_rows * HEAD; i += THREADS) {
        const int row = i / HEAD, d = i % HEAD;
        const bool valid = row < rows && d < head_dim;
        reinterpret_cast<bf16*>(tile + row * row_bytes(HEAD))[d] = valid ? from[row * stride + d] : bf16{0};
    }
}

/* ROW_TILES tiles of 16 queries of one head. */
template <int HEAD, int ROW_TILES>
class WarpRows {
public:
    static constexpr int ROWS = ROW_TILES * MMA_ROWS;

    /* Rows first .. of q, of which those below `rows` exist; column: where the head starts. */
    __device__ __forceinline__ void load_queries(const leap_attention_params& p, const Access& access, int64_t first_row,
                                                 int rows, int64_t column) {
        // The largest score is the largest product only if the scale is positive. A scale of 0 keeps its meaning, and masked
        // scores stay -infinity, where it is replaced by one that no difference of scores survives.
        const bool negative = p.scale < 0;
        log2_scale_ = fmaxf(fabsf(p.scale) * 1.44269504f, 1e-30f);
        if (p.scale != p.scale) log2_scale_ = p.scale;
        const int g = lane_id() / 4, t = lane_id() % 4;
#pragma unroll
        for (int m = 0; m < ROW_TILES; ++m)
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                const int row = m * MMA_ROWS + half * 8 + g;
                const bf16* q = static_cast<const bf16*>(p.q) + (first_row + row) * p.q_stride + column;
                const auto pair = [&](int d) {
                    const uint32_t bits = row < rows ? load_pair(q, d, p.head_dim, access.pairs) : 0;
                    return negative ? bits ^ 0x80008000u : bits;
                };
#pragma unroll
                for (int k = 0; k < STEPS; ++k) {
                    queries_[m][k][half] = pair(16 * k + 2 * t);
                    queries_[m][k][half + 2] = pair(16 * k + 2 * t + 8);
                }
                if constexpr (TAIL) query_tails_[m][half] = pair(16 * STEPS + 2 * t);
                maximum_[m][half] = -INFINITY;
                sum_[m][half] = 0;
            }
#pragma unroll
        for (int m = 0; m < ROW_TILES; ++m)
#pragma unroll
            for (int n = 0; n < COLUMN_TILES; ++n)
#pragma unroll
                for (int i = 0; i < 4; ++i) out_[m][n][i] = 0;
    }

    /* Attends to GROUPS groups of keys, of which the first `valid` exist; keys, values: the first row in shared memory. */
    template <int GROUPS, bool MASKED>
    __device__ __forceinline__ void attend(const std::byte* keys, const std::byte* values, int valid) {
        float scores[ROW_TILES][2 * GROUPS][4];
#pragma unroll
        for (int group = 0; group < GROUPS; ++group)
            multiply_keys(keys + group * GROUP_KEYS * row_bytes(HEAD), scores, 2 * group);
        if constexpr (MASKED) mask(scores, valid);
#pragma unroll
        for (int m = 0; m < ROW_TILES; ++m) exponentiate(scores[m], m);
#pragma unroll
        for (int group = 0; group < GROUPS; ++group)
            multiply_values(values + group * GROUP_KEYS * row_bytes(HEAD), scores, 2 * group);
    }

    /* Attends to `keys` keys of a tile of up to TILE keys: whole where it is full, by groups where it is not. */
    template <int TILE>
    __device__ __forceinline__ void attend_tile(const std::byte* keys_tile, const std::byte* values_tile, int keys) {
        if (keys >= TILE) return attend<TILE / GROUP_KEYS, false>(keys_tile, values_tile, TILE);
        for (int start = 0; start < keys; start += GROUP_KEYS)
            attend<1, true>(keys_tile + start * row_bytes(HEAD), values_tile + start * row_bytes(HEAD), keys - start);
    }

    /* out = the weighted sums over the sum of weights; 0 without keys. Arguments as of load_queries. */
    __device__ __forceinline__ void store(const leap_attention_params& p, const Access& access, int64_t first_row, int rows,
                                          int64_t column, bool any_keys) const {
        const int g = lane_id() / 4, t = lane_id() % 4;
#pragma unroll
        for (int m = 0; m < ROW_TILES; ++m)
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                const float sum = reduce_warp<4>(sum_[m][half], Sum{});
                const float inverse = any_keys ? 1.0f / sum : 0.0f;
                const int row = m * MMA_ROWS + half * 8 + g;
                if (row >= rows) continue;
                bf16* to = static_cast<bf16*>(p.out) + (first_row + row) * p.out_stride + column;
#pragma unroll
                for (int n = 0; n < COLUMN_TILES; ++n)
                    store_pair(to, 8 * n + 2 * t, p.head_dim, access.pairs, out_[m][n][2 * half] * inverse,
                               out_[m][n][2 * half + 1] * inverse);
            }
    }

private:
    static constexpr int STEPS = HEAD / 16;         // of depth 16 in the first product
    static constexpr bool TAIL = HEAD % 16 == 8;    // and one of depth 8
    static constexpr int COLUMN_TILES = HEAD / 8;   // of out

    uint32_t queries_[ROW_TILES][STEPS > 0 ? STEPS : 1][4];
    uint32_t query_tails_[ROW_TILES][2];
    float out_[ROW_TILES][COLUMN_TILES][4];
    float maximum_[ROW_TILES][2], sum_[ROW_TILES][2];  // of rows g and g + 8; sums are each lane's own until store()
    float log2_scale_;

    /* Elements d and d + 1 of a head; 0 beyond head_dim. */
    static __device__ __forceinline__ uint32_t load_pair(const bf16* head, int d, int head_dim, bool pairs) {
        if (d >= head_dim) return 0;
        if (pairs) return *reinterpret_cast<const uint32_t*>(head + d);
        const uint32_t high = d + 1 < head_dim ? head[d + 1].bits : 0;
        return head[d].bits | high << 16;
    }

    static __device__ __forceinline__ void store_pair(bf16* head, int d, int head_dim, bool pairs, float low, float high) {
        if (d >= head_dim) return;
        if (pairs) {
            *reinterpret_cast<uint32_t*>(head + d) = ptx::pack_bf16x2(low, high);
            return;
        }
        head[d] = from_float<bf16>(low);
        if (d + 1 < head_dim) head[d + 1] = from_float<bf16>(high);
    }

    /* scores[.][first], [first + 1] = queries times a group of keys. */
    template <int TILES>
    __device__ __forceinline__ void multiply_keys(const std::byte* keys, float (&scores)[ROW_TILES][TILES][4], int first) const {
        const int matrix = lane_id() / 8, row = lane_id() % 8;
#pragma unroll
        for (int m = 0; m < ROW_TILES; ++m)
#pragma unroll
            for (int i = 0; i < 4; ++i) scores[m][first][i] = scores[m][first + 1][i] = 0;
        // Matrices: keys 0-7 and columns 0-7, keys 0-7 and columns 8-15, then keys 8-15.
        const std::byte* from = keys + (matrix / 2 * 8 + row) * row_bytes(HEAD) + matrix % 2 * 16;
#pragma unroll
        for (int k = 0; k < STEPS; ++k) {
            uint32_t b[4];
            ptx::load_matrix_x4(b, from + 32 * k);
#pragma unroll
            for (int m = 0; m < ROW_TILES; ++m) {
                ptx::mma_m16n8k16(scores[m][first], queries_[m][k], {b[0], b[1]});
                ptx::mma_m16n8k16(scores[m][first + 1], queries_[m][k], {b[2], b[3]});
            }
        }
        if constexpr (TAIL) {
            uint32_t b[2];
            ptx::load_matrix_x2(b, keys + (matrix % 2 * 8 + row) * row_bytes(HEAD) + 32 * STEPS);
#pragma unroll
            for (int m = 0; m < ROW_TILES; ++m) {
                ptx::mma_m16n8k8(scores[m][first], query_tails_[m], b[0]);
                ptx::mma_m16n8k8(scores[m][first + 1], query_tails_[m], b[1]);
            }
        }
    }

    /* Keys from `valid` on do not exist. */
    template <int TILES>
    static __device__ __forceinline__ void mask(float (&scores)[ROW_TILES][TILES][4], int valid) {
        const int t = lane_id() % 4;
#pragma unroll
        for (int m = 0; m < ROW_TILES; ++m)
#pragma unroll
            for (int n = 0; n < TILES; ++n)
#pragma unroll
                for (int i = 0; i < 4; ++i)
                    if (8 * n + 2 * t + i % 2 >= valid) scores[m][n][i] = -INFINITY;
    }

    /* Scores become weights relative to the new maximum; what was summed up so far is brought to it. */
    template <int TILES>
    __device__ __forceinline__ void exponentiate(float (&scores)[TILES][4], int m) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            float largest = maximum_[m][half];
#pragma unroll
            for (int n = 0; n < TILES; ++n)
                largest = fmaxf(largest, fmaxf(scores[n][2 * half], scores[n][2 * half + 1]));
            largest = reduce_warp<4>(largest, [](float a, float b) { return fmaxf(a, b); });
            const float before = maximum_[m][half];
            const float correction = before == -INFINITY ? 0.0f : ptx::exp2_approximate((before - largest) * log2_scale_);
            maximum_[m][half] = largest;
            const float shift = -largest * log2_scale_;
            float sum = 0;
#pragma unroll
            for (int n = 0; n < TILES; ++n)
#pragma unroll
                for (int i = 2 * half; i < 2 * half + 2; ++i) {
                    scores[n][i] = ptx::exp2_approximate(fmaf(scores[n][i], log2_scale_, shift));
                    sum += scores[n][i];
                }
            sum_[m][half] = sum_[m][half] * correction + sum;
#pragma unroll
            for (int n = 0; n < COLUMN_TILES; ++n) {
                out_[m][n][2 * half] *= correction;
                out_[m][n][2 * half + 1] *= correction;
            }
        }
    }

    /* out += weights[.][first], [first + 1] times a group of values. */
    template <int TILES>
    __device__ __forceinline__ void multiply_values(const std::byte* values, const float (&weights)[ROW_TILES][TILES][4],
                                                    int first) {
        const int matrix = lane_id() / 8, row = lane_id() % 8;
        uint32_t a[ROW_TILES][4];
#pragma unroll
        for (int m = 0; m < ROW_TILES; ++m)
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const float* pair = weights[m][first + i / 2] + i % 2 * 2;
                a[m][i] = ptx::pack_bf16x2(pair[0], pair[1]);
            }
        // Matrices, each transposed: keys 0-7 and columns 0-7, keys 8-15 and columns 0-7, then columns 8-15.
        const std::byte* from = values + (matrix % 2 * 8 + row) * row_bytes(HEAD) + matrix / 2 * 16;
#pragma unroll
        for (int n = 0; n + 1 < COLUMN_TILES; n += 2) {
            uint32_t b[4];
            ptx::load_matrix_x4_transposed(b, from + 16 * n);
#pragma unroll
            for (int m = 0; m < ROW_TILES; ++m) {
                ptx::mma_m16n8k16(out_[m][n], a[m], {b[0], b[1]});
                ptx::mma_m16n8k16(out_[m][n + 1], a[m], {b[2], b[3]});
            }
        }
        if constexpr (COLUMN_TILES % 2 == 1) {
            uint32_t b[2];
            ptx::load_matrix_x2_transposed(b, values + (matrix % 2 * 8 + row) * row_bytes(HEAD) + 16 * (COLUMN_TILES - 1));
#pragma unroll
            for (int m = 0; m < ROW_TILES; ++m) ptx::mma_m16n8k16(out_[m][COLUMN_TILES - 1], a[m], b);
        }
    }
};

}  // namespace leap::attention
