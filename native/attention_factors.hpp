/* attention_factors.hpp: what attention's two products multiply, and how rows of tensors are packed for it.
 *
 * Factors are float32, or, for bfloat16 tensors where the processor multiplies pairs of them (AVX512-BF16), pairs that follow
 * each other along the depth of the product: (d, d + 1) of queries and keys, (j, j + 1) of weights and values; an odd one is
 * paired with 0. Weights are rounded to bfloat16 then. Sums are float32 in both.
 */
#pragma once

#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

#include <cstring>
#include <type_traits>

#include "bf16.hpp"
#include "simd.hpp"

namespace leap::attention {

/* Two bfloat16, the one of lower depth in the lower half. */
struct Pair {
    uint32_t bits;
};

#if defined(__AVX512BF16__)
template <class T>
using Factor = std::conditional_t<std::is_same_v<T, Bf16>, Pair, float>;
#else
template <class T>
using Factor = float;
#endif

/* Factors along a depth of n. */
template <class F>
constexpr int depth_of(int n) {
    return std::is_same_v<F, Pair> ? (n + 1) / 2 : n;
}

/* packed[j][d] = rows[j][d]: the rows of one head, next to each other. */
template <class T>
inline void pack_rows(const T* rows, int64_t stride, int count, int head_dim, float* packed) {
    for (int j = 0; j < count; ++j, rows += stride, packed += head_dim) {
        int d = 0;
        for (; d + LANES <= head_dim; d += LANES) store(packed + d, load(rows + d));
        for (; d < head_dim; ++d) packed[d] = float(rows[d]);
    }
}

template <class T>
inline void pack_keys(const T* rows, int64_t stride, int count, int head_dim, float* packed) {
    pack_rows(rows, stride, count, head_dim, packed);
}

template <class T>
inline void pack_values(const T* rows, int64_t stride, int count, int head_dim, float* packed) {
    pack_rows(rows, stride, count, head_dim, packed);
}

/* packed[j][i] = the pair (2i, 2i + 1) of rows[j]. */
inline void pack_keys(const Bf16* rows, int64_t stride, int count, int head_dim, Pair* packed) {
    for (int j = 0; j < count; ++j, rows += stride, packed += depth_of<Pair>(head_dim)) {
        if (head_dim % 2 != 0) packed[head_dim / 2] = {};
        std::memcpy(static_cast<void*>(packed), rows, head_dim * sizeof(Bf16));
    }
}

/* packed[i][d] = the pair (rows[2i][d], rows[2i + 1][d]). */
inline void pack_values(const Bf16* rows, int64_t stride, int count, int head_dim, Pair* packed) {
    for (int j = 0; j < count; j += 2, rows += 2 * stride, packed += head_dim) {
        const bool paired = j + 1 < count;
        for (int d = 0; d < head_dim; ++d)
            packed[d].bits = rows[d].bits | uint32_t(paired ? rows[stride + d].bits : 0) << 16;
    }
}

/* Pairs of lanes of a and b, rounded; here NaN stays what it is, and what is below 2^-126 becomes 0. */
LEAP_INLINE Vec pairs_of([[maybe_unused]] Vec a, [[maybe_unused]] Vec b) {
#if defined(__AVX512BF16__)
    constexpr __mmask32 ALL = 0xFFFFFFFF;
    const __m512i halves = __m512i(_mm512_cvtne2ps_pbh(__m512(b), __m512(a)));  // all of a, then all of b
    alignas(64) static constexpr uint16_t INTERLEAVED[] = {0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23,
                                                           8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    return Vec(_mm512_maskz_permutexvar_epi16(ALL, _mm512_load_si512(INTERLEAVED), halves));
#else
    return a;  // no factors are pairs here
#endif
}

using leap::broadcast;
using leap::load;
using leap::store;

LEAP_INLINE Vec load(const Pair* from) {
    Vec v;
    std::memcpy(&v, from, sizeof v);
    return v;
}

LEAP_INLINE void store(Pair* to, Vec v) { std::memcpy(static_cast<void*>(to), &v, sizeof v); }

LEAP_INLINE Vec broadcast(Pair pair) { return from_bits(VecInt{} + int32_t(pair.bits)); }

/* sum + a b, lane by lane. */
LEAP_INLINE Vec multiply_add(Vec a, Vec b, Vec sum, float) { return sum + a * b; }

/* sum + a[0] b[0] + a[1] b[1] of the pairs in each lane. */
LEAP_INLINE Vec multiply_add([[maybe_unused]] Vec a, [[maybe_unused]] Vec b, Vec sum, Pair) {
#if defined(__AVX512BF16__)
    return Vec(_mm512_dpbf16_ps(__m512(sum), __m512bh(a), __m512bh(b)));
#else
    return sum;  // no factors are pairs here
#endif
}

}  // namespace leap::attention
