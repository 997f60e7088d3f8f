/* elements.hpp: what the emulated libraries read and write: float32 and bfloat16, and products of them.
 *
 * Sums are float32 and rounded once. The innermost loop runs along contiguous columns, so that it becomes vectors without another
 * order of any sum.
 */
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

namespace leap::emulation {

enum class Dtype { F32, BF16 };

inline int64_t bytes_of(Dtype dtype) { return dtype == Dtype::F32 ? 4 : 2; }

inline float load(Dtype dtype, const void* memory, int64_t index) {
    if (dtype == Dtype::F32) return static_cast<const float*>(memory)[index];
    return std::bit_cast<float>(uint32_t(static_cast<const uint16_t*>(memory)[index]) << 16);
}

/* Rounded to the nearest, ties to even. */
inline void store(Dtype dtype, void* memory, int64_t index, float x) {
    if (dtype == Dtype::F32) {
        static_cast<float*>(memory)[index] = x;
        return;
    }
    const auto bits = std::bit_cast<uint32_t>(x);
    static_cast<uint16_t*>(memory)[index] = x != x ? 0x7FFF : uint16_t((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

/* Rows of b that are multiplied at once. */
inline constexpr int ROWS = 4;

/* sum[j][i] += sum_k a[k][i] b[j][k] for i < M, j < ROWS. a: (K, M); b: ROWS rows of K; sum: ROWS rows of M. */
inline void multiply_add(const float* a, int64_t M, int64_t K, const float* const (&b)[ROWS], float* const (&sum)[ROWS]) {
    constexpr int64_t COLUMNS = 16;
    const auto columns = [&](int64_t first, auto count) {
        float part[ROWS][COLUMNS];
        for (int j = 0; j < ROWS; ++j)
            for (int64_t i = 0; i < count; ++i) part[j][i] = sum[j][first + i];
        for (int64_t k = 0; k < K; ++k)
            for (int j = 0; j < ROWS; ++j)
                for (int64_t i = 0; i < count; ++i) part[j][i] += a[k * M + first + i] * b[j][k];
        for (int j = 0; j < ROWS; ++j)
            for (int64_t i = 0; i < count; ++i) sum[j][first + i] = part[j][i];
    };
    int64_t i = 0;
    for (; i + COLUMNS <= M; i += COLUMNS) columns(i, std::integral_constant<int64_t, COLUMNS>());
    if (i < M) columns(i, M - i);
}

}  // namespace leap::emulation
