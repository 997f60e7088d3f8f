/* attention_blocks.hpp: what attention and cross-attention are made of.
 *
 * Everything is transposed, so that a vector runs over queries. Scores and output of a tile of queries are
 *
 *     S'[j][q] = sum_d k[j][d] Q'[d][q]        O'[d][q] = O'[d][q] alpha[q] + sum_j v[j][d] P'[j][q]
 *
 * Both are the same register tile: elements of the left factor broadcast, vectors of the right one. So keys and values
 * stay in row order, any head_dim fits without padding, and maximum and sum over the keys need no step across lanes.
 * Accumulators and statistics are float32. Scores are in base 2: they are scaled by scale * log2(e). What the factors are,
 * attention_factors.hpp says.
 *
 * The state of a tile of WIDTH queries, in scratch memory, every row WIDTH floats:
 *     Q' (head_dim), O' (head_dim), maximum (1), sum (1)
 * The order of all sums depends only on head_dim, the keys and KEY_BLOCK: a query's result is the same in every call.
 *
 * Source: Vaswani et al. 2017, eq. 1; online softmax: Milakov and Gimelshein 2018, algorithm 3.
 */
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include "attention_factors.hpp"
#include "bf16.hpp"
#include "simd.hpp"
#include "vector_math.hpp"

namespace leap::attention {

/* The register tile: ROWS x VECTORS accumulators, one row of the right factor and one broadcast must fit. */
inline constexpr int ROWS = 6;
inline constexpr int MAX_VECTORS = VECTOR_REGISTERS == 32 ? 4 : 2;
inline constexpr int TILE_QUERIES = MAX_VECTORS * LANES;
static_assert(ROWS * MAX_VECTORS + MAX_VECTORS + 1 <= VECTOR_REGISTERS, "the register tile would spill");

/* Floats of one tile's state. */
constexpr std::size_t tile_floats(int head_dim) { return std::size_t(2 * head_dim + 2) * TILE_QUERIES; }

/* accumulator[r][c] += sum_i left[r * row_step + i * depth_step] * right[i][c] */
template <int ACTIVE_ROWS, int VECTORS, class F>
LEAP_INLINE void multiply_tile(Vec (&accumulator)[ACTIVE_ROWS][VECTORS], const F* left, std::ptrdiff_t row_step,
                               std::ptrdiff_t depth_step, const F* right, int depth) {
    for (int i = 0; i < depth; ++i, left += depth_step, right += VECTORS * LANES) {
        Vec b[VECTORS];
#pragma GCC unroll 4
        for (int c = 0; c < VECTORS; ++c) b[c] = load(right + c * LANES);
#pragma GCC unroll 6
        for (int r = 0; r < ACTIVE_ROWS; ++r) {
            const Vec a = broadcast(left[r * row_step]);
#pragma GCC unroll 4
            for (int c = 0; c < VECTORS; ++c) accumulator[r][c] = multiply_add(a, b[c], accumulator[r][c], F());
        }
    }
}

/* Calls visit.operator()<R>(row) for groups of R = ROWS rows, then once for what is left over. */
template <class Visit>
LEAP_INLINE void for_each_row_group(int rows, Visit&& visit) {
    int row = 0;
    for (; row + ROWS <= rows; row += ROWS) visit.template operator()<ROWS>(row);
    switch (rows - row) {
        case 5: return visit.template operator()<5>(row);
        case 4: return visit.template operator()<4>(row);
        case 3: return visit.template operator()<3>(row);
        case 2: return visit.template operator()<2>(row);
        case 1: return visit.template operator()<1>(row);
        default: return;
    }
}

/* A tile of up to VECTORS * LANES queries of one head. */
template <int VECTORS, class F>
struct Tile {
    static constexpr int WIDTH = VECTORS * LANES;
    static constexpr bool PAIRS = std::is_same_v<F, Pair>;

    F* queries;      // (depth_of(head_dim), WIDTH) of (head_dim, WIDTH)
    float* output;   // (head_dim, WIDTH)
    float* maximum;  // (WIDTH)
    float* sum;      // (WIDTH)
    int head_dim;

    Tile(float* state, int head_dim)
        : queries(reinterpret_cast<F*>(state)), output(state + head_dim * WIDTH), maximum(output + head_dim * WIDTH), sum(maximum + WIDTH),
          head_dim(head_dim) {}

    /* Q'[d][q] = rows[q][d]; lanes beyond `count` repeat the last query. */
    template <class T>
    void start(const T* rows, int64_t stride, int count) const {
        if (PAIRS && head_dim % 2 == 0) return load_query_pairs(rows, stride, count);
        load_queries(rows, stride, count, queries);
    }

    /* One block of keys and values, packed, which may be none; weights: (keys, WIDTH) scratch. The first block finds no state. */
    void add_keys(bool first, const F* keys, const F* values, int count, float* weights, float scale) const {
        if (first) add_keys<true>(keys, values, count, weights, scale);
        else add_keys<false>(keys, values, count, weights, scale);
    }

    /* rows[q][d] = O'[d][q] / sum[q], or 0 where no key has a weight. */
    template <class T>
    void finish(T* rows, int64_t stride, int count) const {
        for (int c = 0; c * LANES < count; ++c) {
            const Vec total = load(sum + c * LANES);
            const Vec inverse = total == 0.0f ? Vec{} : 1.0f / total;
            T* first = rows + c * LANES * stride;
            const int rows_here = std::min(LANES, count - c * LANES);
            if (PAIRS && head_dim % 2 == 0) {
                store_output_pairs(c, inverse, first, stride, rows_here);
                continue;
            }
            for_each_column_block([&](int d) {
                Vec block[LANES];
                for (int i = 0; i < LANES; ++i) block[i] = load(output + (d + i) * WIDTH + c * LANES) * inverse;
                transpose(block);
                for (int i = 0; i < rows_here; ++i) store(first + i * stride + d, block[i]);
            });
            for (int d = 0; d < columns_left(); ++d)
                for (int i = 0; i < rows_here; ++i)
                    first[i * stride + d] = T(output[d * WIDTH + c * LANES + i] * inverse[i]);
        }
    }

private:
    template <bool FIRST>
    void add_keys(const F* keys, const F* values, int count, float* weights, float scale) const {
        Vec new_maximum[VECTORS];
        for (int c = 0; c < VECTORS; ++c) new_maximum[c] = FIRST ? broadcast(-INFINITE) : load(maximum + c * LANES);
        score(keys, count, weights, new_maximum, scale);
        Vec alpha[VECTORS];
        exponentiate<FIRST>(weights, count, new_maximum, alpha);
        accumulate<FIRST>(values, count, weights, alpha);
    }

    /* As load_queries, of pairs that lie as such in a row: of an even head_dim. */
    template <class T>
    void load_query_pairs(const T* rows, int64_t stride, int count) const {
        for (int c = 0; c < VECTORS; ++c) {
            const float* row[LANES];  // of pairs
            for (int i = 0; i < LANES; ++i)
                row[i] = reinterpret_cast<const float*>(rows + std::min(c * LANES + i, count - 1) * stride);
            for_each_vector(head_dim / 2, [&](int64_t d, auto lanes) {
                Vec block[LANES];
                for (int i = 0; i < LANES; ++i) block[i] = load(row[i] + d, lanes);
                transpose(block);
                for (int i = 0; i < LANES && d + i < head_dim / 2; ++i) store(queries + (d + i) * WIDTH + c * LANES, block[i]);
            });
        }
    }

    template <class T>
    void store_output_pairs(int c, Vec inverse, T* rows, int64_t stride, int count) const {
        for_each_vector(head_dim / 2, [&](int64_t d, auto lanes) {
            Vec block[LANES] = {};
            for (int i = 0; i < LANES && d + i < head_dim / 2; ++i) {
                const float* pair = output + 2 * (d + i) * WIDTH + c * LANES;
                block[i] = pairs_of(load(pair) * inverse, load(pair + WIDTH) * inverse);
            }
            transpose(block);
            for (int i = 0; i < count; ++i) store(reinterpret_cast<float*>(rows + i * stride) + d, block[i], lanes);
        });
    }

    template <class T>
    void load_queries(const T* rows, int64_t stride, int count, float* queries) const {
        for (int c = 0; c < VECTORS; ++c) {
            const T* row[LANES];
            for (int i = 0; i < LANES; ++i) row[i] = rows + std::min(c * LANES + i, count - 1) * stride;
            for_each_column_block([&](int d) {
                Vec block[LANES];
                for (int i = 0; i < LANES; ++i) block[i] = load(row[i] + d);
                transpose(block);
                for (int i = 0; i < LANES; ++i) store(queries + (d + i) * WIDTH + c * LANES, block[i]);
            });
            for (int d = 0; d < columns_left(); ++d)
                for (int i = 0; i < LANES; ++i) queries[d * WIDTH + c * LANES + i] = float(row[i][d]);
        }
    }

    void load_queries(const Bf16* rows, int64_t stride, int count, Pair* queries) const {
        const int depth = depth_of<Pair>(head_dim);
        for (int c = 0; c < VECTORS; ++c)
            for (int i = 0; i < LANES; ++i) {
                const Bf16* row = rows + std::min(c * LANES + i, count - 1) * stride;
                Pair* to = queries + c * LANES + i;
                for (int d = 0; d < depth; ++d)
                    to[d * WIDTH].bits = row[2 * d].bits | uint32_t(2 * d + 1 < head_dim ? row[2 * d + 1].bits : 0) << 16;
            }
    }

    /* Calls visit(d) for blocks of LANES columns. The last block ends at head_dim, over the one before where it must:
     * it writes the same values again, which is cheaper than masks. */
    template <class Visit>
    LEAP_INLINE void for_each_column_block(Visit&& visit) const {
        for (int d = 0; d + LANES <= head_dim; d += LANES) visit(d);
        if (head_dim > LANES && head_dim % LANES != 0) visit(head_dim - LANES);
    }

    /* Columns of a head that is narrower than a vector. */
    int columns_left() const { return head_dim < LANES ? head_dim : 0; }

    LEAP_INLINE void score(const F* keys, int count, float* scores, Vec (&new_maximum)[VECTORS], float scale) const {
        const int depth = depth_of<F>(head_dim);
        for_each_row_group(count, [&]<int R>(int j) {
            Vec s[R][VECTORS] = {};
            multiply_tile(s, keys + j * depth, depth, 1, queries, depth);
#pragma GCC unroll 6
            for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
                for (int c = 0; c < VECTORS; ++c) {
                    s[r][c] *= scale;
                    store(scores + (j + r) * WIDTH + c * LANES, s[r][c]);
                    new_maximum[c] = max(s[r][c], new_maximum[c]);
                }
        });
    }

    /* P' = 2^(S' - maximum) in place, pairs in the first half of the rows; alpha = 2^(old maximum - maximum). A maximum of
     * -infinity counts as 0 there, so that weights become 0 and not NaN; NaN scores stay NaN. */
    template <bool FIRST>
    LEAP_INLINE void exponentiate(float* scores, int count, const Vec (&new_maximum)[VECTORS], Vec (&alpha)[VECTORS]) const {
#pragma GCC unroll 4
        for (int c = 0; c < VECTORS; ++c) {
            const Vec reference = new_maximum[c] == -INFINITE ? Vec{} : new_maximum[c];
            Vec total{};
            if constexpr (!FIRST) {
                alpha[c] = exp2_bounded(load(maximum + c * LANES) - reference);
                total = load(sum + c * LANES) * alpha[c];
            }
            float* s = scores + c * LANES;
            if constexpr (PAIRS) {
                for (int j = 0; j < count; j += 2) {
                    const Vec first = exp2_bounded(load(s + j * WIDTH) - reference);
                    const Vec second = j + 1 < count ? exp2_bounded(load(s + (j + 1) * WIDTH) - reference) : Vec{};
                    store(s + j / 2 * WIDTH, pairs_of(first, second));
                    total += first + second;
                }
            } else {
                for (int j = 0; j < count; ++j) {
                    const Vec weight = exp2_bounded(load(s + j * WIDTH) - reference);
                    store(s + j * WIDTH, weight);
                    total += weight;
                }
            }
            store(sum + c * LANES, total);
            store(maximum + c * LANES, new_maximum[c]);
        }
    }

    template <bool FIRST>
    LEAP_INLINE void accumulate(const F* values, int count, const float* weights, const Vec (&alpha)[VECTORS]) const {
        for_each_row_group(head_dim, [&]<int R>(int d) {
            Vec o[R][VECTORS];
#pragma GCC unroll 6
            for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
                for (int c = 0; c < VECTORS; ++c)
                    o[r][c] = FIRST ? Vec{} : load(output + (d + r) * WIDTH + c * LANES) * alpha[c];
            multiply_tile(o, values + d, 1, head_dim, reinterpret_cast<const F*>(weights), depth_of<F>(count));
#pragma GCC unroll 6
            for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
                for (int c = 0; c < VECTORS; ++c) store(output + (d + r) * WIDTH + c * LANES, o[r][c]);
        });
    }
};

/* Calls visit(tile) with the narrowest tile on `state` that holds `queries` queries. */
template <class F, class Visit>
LEAP_INLINE void with_tile(float* state, int head_dim, int queries, Visit&& visit) {
    switch ((queries + LANES - 1) / LANES) {
        case 1: return visit(Tile<1, F>(state, head_dim));
        case 2: return visit(Tile<2, F>(state, head_dim));
        case 3: return visit(Tile<std::min(3, MAX_VECTORS), F>(state, head_dim));
        default: return visit(Tile<MAX_VECTORS, F>(state, head_dim));
    }
}

}  // namespace leap::attention
