/* simd.hpp: one vector of floats, as wide as the instruction set that this file is compiled for.
 *
 * Vec and VecInt are GCC vector types: + - * / < ?: and shifts work lane by lane, and a scalar operand is broadcast.
 * The compiler turns a * b + c into a fused multiply-add where there is one.
 */
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

namespace leap {

#if defined(__AVX512F__)
inline constexpr int LANES = 16;
inline constexpr int VECTOR_REGISTERS = 32;
#elif defined(__AVX__)
inline constexpr int LANES = 8;
inline constexpr int VECTOR_REGISTERS = 16;
#elif defined(__aarch64__)
inline constexpr int LANES = 4;
inline constexpr int VECTOR_REGISTERS = 32;
#else
inline constexpr int LANES = 4;
inline constexpr int VECTOR_REGISTERS = 16;
#endif

using Vec = float __attribute__((vector_size(LANES * sizeof(float))));
using VecInt = int32_t __attribute__((vector_size(LANES * sizeof(int32_t))));
using VecBits = uint32_t __attribute__((vector_size(LANES * sizeof(uint32_t))));
inline constexpr int DOUBLE_LANES = LANES / 2;
using VecDouble = double __attribute__((vector_size(DOUBLE_LANES * sizeof(double))));
using HalfVec = float __attribute__((vector_size(LANES / 2 * sizeof(float))));

#define LEAP_INLINE inline __attribute__((always_inline))

inline constexpr float INFINITE = std::numeric_limits<float>::infinity();

/* ---- load and store: no alignment is asked for ---- */

LEAP_INLINE Vec load(const float* from) {
    Vec v;
    std::memcpy(&v, from, sizeof v);
    return v;
}

LEAP_INLINE void store(float* to, Vec v) { std::memcpy(to, &v, sizeof v); }

LEAP_INLINE Vec broadcast(float x) { return x - Vec{}; }

/* How many lanes of a vector hold elements of a row. `AllLanes` is known to the compiler. */
struct AllLanes {};
struct SomeLanes {
    int count;
#if defined(__AVX512F__)
    __mmask16 mask() const { return __mmask16((1u << count) - 1); }
#endif
};

LEAP_INLINE Vec load(const float* from, AllLanes, float = 0) { return load(from); }
LEAP_INLINE Vec load(const float* from, SomeLanes lanes, float rest = 0) {
#if defined(__AVX512F__)
    return Vec(_mm512_mask_loadu_ps(__m512(broadcast(rest)), lanes.mask(), from));
#else
    Vec v = broadcast(rest);
    std::memcpy(&v, from, lanes.count * sizeof(float));
    return v;
#endif
}

LEAP_INLINE void store(float* to, Vec v, AllLanes) { store(to, v); }
LEAP_INLINE void store(float* to, Vec v, SomeLanes lanes) {
#if defined(__AVX512F__)
    _mm512_mask_storeu_ps(to, lanes.mask(), __m512(v));
#else
    std::memcpy(to, &v, lanes.count * sizeof(float));
#endif
}

/* v, with `rest` in the lanes that hold no element. */
LEAP_INLINE Vec keep(Vec v, AllLanes, float) { return v; }
LEAP_INLINE Vec keep(Vec v, SomeLanes lanes, float rest) {
#if defined(__AVX512F__)
    return Vec(_mm512_mask_mov_ps(__m512(broadcast(rest)), lanes.mask(), __m512(v)));
#else
    for (int lane = lanes.count; lane < LANES; ++lane) v[lane] = rest;
    return v;
#endif
}

/* Calls visit(index, lanes) for the vectors of a row of n elements; only the last may hold SomeLanes. Every element goes
 * through the same vector instructions, so its result does not depend on where in a row it lies. */
template <class Visit>
LEAP_INLINE void for_each_vector(int64_t n, Visit&& visit) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) visit(i, AllLanes{});
    if (i < n) visit(i, SomeLanes{int(n - i)});
}

/* The same with SIDE_BY_SIDE results in turn, so that an operation does not wait for the last one's result: visit(index, lanes, which). */
template <int SIDE_BY_SIDE, class Visit>
LEAP_INLINE void for_each_vector_in_turn(int64_t n, Visit&& visit) {
    int64_t i = 0;
    for (; i + SIDE_BY_SIDE * LANES <= n; i += SIDE_BY_SIDE * LANES)
#pragma GCC unroll 8
        for (int which = 0; which < SIDE_BY_SIDE; ++which) visit(i + which * LANES, AllLanes{}, which);
    for_each_vector(n - i, [&](int64_t rest, auto lanes) { visit(i + rest, lanes, 0); });
}

/* ---- lane by lane ---- */

/* The larger one; b where either is NaN. */
LEAP_INLINE Vec max(Vec a, Vec b) { return a > b ? a : b; }

LEAP_INLINE VecInt bits(Vec v) { return reinterpret_cast<VecInt>(v); }
LEAP_INLINE Vec from_bits(VecInt v) { return reinterpret_cast<Vec>(v); }

/* Whether a comparison holds in any lane. */
LEAP_INLINE bool any(VecInt comparison) {
#if defined(__AVX512F__)
    return _mm512_movepi32_mask(__m512i(comparison)) != 0;
#elif defined(__AVX__)
    return _mm256_movemask_ps(__m256(comparison)) != 0;
#elif defined(__SSE2__)
    return _mm_movemask_ps(__m128(comparison)) != 0;
#else
    bool any = false;
    for (int lane = 0; lane < LANES; ++lane) any |= comparison[lane] != 0;
    return any;
#endif
}

/* ---- across lanes, always in the same order: lane i with lane i + width, for width LANES / 2 .. 1 ---- */

template <int WIDTH, class V, std::size_t... LANE>
LEAP_INLINE V rotate_lanes(V v, std::index_sequence<LANE...>) {
    return __builtin_shufflevector(v, v, ((LANE + WIDTH) % sizeof...(LANE))...);
}

template <int WIDTH, class V, class Combine>
LEAP_INLINE auto fold_lanes(V v, Combine&& combine) {
    if constexpr (WIDTH == 0) return v[0];
    else return fold_lanes<WIDTH / 2>(combine(v, rotate_lanes<WIDTH>(v, std::make_index_sequence<sizeof(V) / sizeof(v[0])>{})), combine);
}

LEAP_INLINE float sum_of_lanes(Vec v) {
    return fold_lanes<LANES / 2>(v, [](Vec a, Vec b) { return a + b; });
}

LEAP_INLINE float max_of_lanes(Vec v) {
    return fold_lanes<LANES / 2>(v, [](Vec a, Vec b) { return max(a, b); });
}

LEAP_INLINE double sum_of_lanes(VecDouble v) {
    return fold_lanes<DOUBLE_LANES / 2>(v, [](VecDouble a, VecDouble b) { return a + b; });
}

/* ---- double precision: a vector of floats is two of doubles ---- */

struct Widened {
    VecDouble low, high;
};

LEAP_INLINE Widened widen(Vec v) {
#if defined(__AVX512F__)
    constexpr __mmask8 ALL = 0xFF;
    __m256 halves[2];
    std::memcpy(halves, &v, sizeof v);
    return {VecDouble(_mm512_maskz_cvtps_pd(ALL, halves[0])), VecDouble(_mm512_maskz_cvtps_pd(ALL, halves[1]))};
#else
    HalfVec halves[2];
    std::memcpy(halves, &v, sizeof v);
    return {__builtin_convertvector(halves[0], VecDouble), __builtin_convertvector(halves[1], VecDouble)};
#endif
}

LEAP_INLINE VecDouble load(const double* from) {
    VecDouble v;
    std::memcpy(&v, from, sizeof v);
    return v;
}

LEAP_INLINE void store(double* to, VecDouble v) { std::memcpy(to, &v, sizeof v); }

/* How many lanes are less than `bound`. */
LEAP_INLINE int count_below(VecDouble v, double bound) {
#if defined(__AVX512F__)
    return __builtin_popcount(_mm512_cmp_pd_mask(__m512d(v), _mm512_set1_pd(bound), _CMP_LT_OQ));
#else
    int count = 0;
    for (int lane = 0; lane < DOUBLE_LANES; ++lane) count += v[lane] < bound;
    return count;
#endif
}

/* Lane i is the sum of lanes 0 .. i. */
template <int SHIFT, std::size_t... LANE>
LEAP_INLINE VecDouble shift_lanes_up(VecDouble v, std::index_sequence<LANE...>) {
    return __builtin_shufflevector(v, VecDouble{}, (int(LANE) < SHIFT ? DOUBLE_LANES : int(LANE) - SHIFT)...);
}
template <int SHIFT = 1>
LEAP_INLINE VecDouble prefix_sums(VecDouble v) {
    if constexpr (SHIFT >= DOUBLE_LANES) return v;
    else return prefix_sums<2 * SHIFT>(v + shift_lanes_up<SHIFT>(v, std::make_index_sequence<DOUBLE_LANES>{}));
}

/* Lane i is the sum of vector i's lanes. */
template <int BIT, std::size_t... LANE>
LEAP_INLINE VecDouble add_lane_pairs(VecDouble a, VecDouble b, std::index_sequence<LANE...>) {
    return __builtin_shufflevector(a, b, ((LANE & BIT) == 0 ? int(LANE) : int(DOUBLE_LANES + LANE - BIT))...) +
           __builtin_shufflevector(a, b, ((LANE & BIT) == 0 ? int(LANE + BIT) : int(DOUBLE_LANES + LANE))...);
}
template <int BIT = 1>
LEAP_INLINE VecDouble sums_of_lanes(VecDouble (&v)[DOUBLE_LANES]) {
    if constexpr (BIT == DOUBLE_LANES) {
        return v[0];
    } else {
#pragma GCC unroll 8
        for (int i = 0; i < DOUBLE_LANES; i += 2 * BIT) v[i] = add_lane_pairs<BIT>(v[i], v[i + BIT], std::make_index_sequence<DOUBLE_LANES>{});
        return sums_of_lanes<2 * BIT>(v);
    }
}

/* ---- transpose: rows[i][j] <-> rows[j][i], one index bit at a time ---- */

template <int BIT, std::size_t... LANE>
LEAP_INLINE void transpose_bit(Vec& low, Vec& high, std::index_sequence<LANE...>) {
    const Vec a = low;
    const Vec b = high;
    low = __builtin_shufflevector(a, b, ((LANE & BIT) == 0 ? int(LANE) : int(LANES + LANE - BIT))...);
    high = __builtin_shufflevector(a, b, ((LANE & BIT) == 0 ? int(LANE + BIT) : int(LANES + LANE))...);
}

template <int BIT = LANES / 2>
LEAP_INLINE void transpose(Vec (&rows)[LANES]) {
#pragma GCC unroll 16
    for (int i = 0; i < LANES; ++i)
        if ((i & BIT) == 0) transpose_bit<BIT>(rows[i], rows[i + BIT], std::make_index_sequence<LANES>{});
    if constexpr (BIT > 1) transpose<BIT / 2>(rows);
}

}  // namespace leap
