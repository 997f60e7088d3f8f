/* simd.hpp: one vector of floats, as wide as the instruction set that this file is compiled for.
 *
 * Vec and VecInt are GCC vector types: + - * / < ?: and shifts work lane by lane, and a scalar operand is broadcast.
 * The compiler turns a * b + c into a fused multiply-add where there is one.
 */
#pragma once

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
using VecDouble = double __attribute__((vector_size(LANES / 2 * sizeof(double))));  // half as many lanes
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
};

LEAP_INLINE Vec load(const float* from, AllLanes, float = 0) { return load(from); }
LEAP_INLINE Vec load(const float* from, SomeLanes lanes, float rest = 0) {
    Vec v = broadcast(rest);
    std::memcpy(&v, from, lanes.count * sizeof(float));
    return v;
}

LEAP_INLINE void store(float* to, Vec v, AllLanes) { store(to, v); }
LEAP_INLINE void store(float* to, Vec v, SomeLanes lanes) { std::memcpy(to, &v, lanes.count * sizeof(float)); }

/* v, with `rest` in the lanes that hold no element. */
LEAP_INLINE Vec keep(Vec v, AllLanes, float) { return v; }
LEAP_INLINE Vec keep(Vec v, SomeLanes lanes, float rest) {
    for (int lane = lanes.count; lane < LANES; ++lane) v[lane] = rest;
    return v;
}

/* Calls visit(index, lanes) for the vectors of a row of n elements; only the last may hold SomeLanes. Every element goes
 * through the same vector instructions, so its result does not depend on where in a row it lies. */
template <class Visit>
LEAP_INLINE void for_each_vector(int64_t n, Visit&& visit) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) visit(i, AllLanes{});
    if (i < n) visit(i, SomeLanes{int(n - i)});
}

/* ---- lane by lane ---- */

/* The larger one; b where either is NaN. */
LEAP_INLINE Vec max(Vec a, Vec b) { return a > b ? a : b; }

LEAP_INLINE VecInt bits(Vec v) { return reinterpret_cast<VecInt>(v); }
LEAP_INLINE Vec from_bits(VecInt v) { return reinterpret_cast<Vec>(v); }

/* ---- across lanes, always in the same order ---- */

LEAP_INLINE float sum_of_lanes(Vec v) {
    float lanes[LANES];
    store(lanes, v);
    for (int width = LANES / 2; width > 0; width /= 2)
        for (int i = 0; i < width; ++i) lanes[i] += lanes[i + width];
    return lanes[0];
}

LEAP_INLINE float max_of_lanes(Vec v) {
    float lanes[LANES];
    store(lanes, v);
    for (int width = LANES / 2; width > 0; width /= 2)
        for (int i = 0; i < width; ++i) lanes[i] = lanes[i] > lanes[i + width] ? lanes[i] : lanes[i + width];
    return lanes[0];
}

LEAP_INLINE double sum_of_lanes(VecDouble v) {
    double sum = 0;
    for (int i = 0; i < LANES / 2; ++i) sum += v[i];
    return sum;
}

/* The lanes of v, added in pairs (i, i + LANES / 2) in double. */
LEAP_INLINE VecDouble widen_and_fold(Vec v) {
    HalfVec halves[2];
    std::memcpy(halves, &v, sizeof v);
    return __builtin_convertvector(halves[0], VecDouble) + __builtin_convertvector(halves[1], VecDouble);
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
