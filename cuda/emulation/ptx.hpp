/* ptx.hpp: the functions of ptx.cuh with the same meaning in plain C++. Operations of a warp meet in exchange_in_warp. */
#pragma once

#include "simt.hpp"

namespace leap::ptx {

/* ---- arithmetic ----------------------------------------------------------------------------------------- */

inline uint16_t round_to_bf16(float x) {
    const uint32_t bits = __float_as_uint(x);
    if (x != x) return 0x7FFF;  // as the hardware has it
    return uint16_t((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

inline uint32_t pack_bf16x2(float low, float high) { return uint32_t(round_to_bf16(high)) << 16 | round_to_bf16(low); }

inline float exp2_approximate(float x) {
    const float y = std::exp2(x);
    return y < 0x1p-126f ? 0 : y;
}

inline float log2_approximate(float x) { return std::log2(x < 0x1p-126f && x > -0x1p-126f ? 0 * x : x); }

inline float reciprocal_approximate(float x) {
    const float y = 1 / (std::fabs(x) < 0x1p-126f ? 0 * x : x);
    return std::fabs(y) < 0x1p-126f ? 0 * y : y;
}

/* ---- global memory --------------------------------------------------------------------------------------- */

template <int WORDS>
void store_words(void* to, const uint32_t (&words)[WORDS]) {
    static_assert(WORDS == 1 || WORDS == 2 || WORDS == 4, "one instruction");
    if (reinterpret_cast<std::uintptr_t>(to) % sizeof words != 0)
        simt::fault("st.global: %p is not aligned to %zu bytes", to, sizeof words);
    std::memcpy(to, words, sizeof words);
}

/* ---- matrix fragments ----------------------------------------------------------------------------------- */

inline float low_half(uint32_t pair) { return __uint_as_float(pair << 16); }
inline float high_half(uint32_t pair) { return __uint_as_float(pair & 0xFFFF0000u); }

template <int MATRICES>
void load_matrices(const char* name, uint32_t (&r)[MATRICES], const void* row, bool transposed) {
    const int lane = simt::lane();
    if (lane < 8 * MATRICES && reinterpret_cast<std::uintptr_t>(row) % 16 != 0)
        simt::fault("%s: row %p is not aligned to 16 bytes", name, row);
    const auto rows = simt::exchange_in_warp(name, row);
    const auto element = [&](int matrix, int i, int j) -> uint32_t {
        if (transposed) std::swap(i, j);
        return static_cast<const uint16_t*>(rows[8 * matrix + i])[j];
    };
    for (int m = 0; m < MATRICES; ++m) {
        const int i = lane / 4, j = 2 * (lane % 4);
        r[m] = element(m, i, j) | element(m, i, j + 1) << 16;
    }
}

inline void load_matrix_x4(uint32_t (&r)[4], const void* row) { load_matrices("ldmatrix.x4", r, row, false); }
inline void load_matrix_x4_transposed(uint32_t (&r)[4], const void* row) { load_matrices("ldmatrix.x4.trans", r, row, true); }
inline void load_matrix_x2(uint32_t (&r)[2], const void* row) { load_matrices("ldmatrix.x2", r, row, false); }
inline void load_matrix_x2_transposed(uint32_t (&r)[2], const void* row) { load_matrices("ldmatrix.x2.trans", r, row, true); }

/* The fragments of one lane: PAIRS of 8 columns of A's two rows, then as many of B's column. */
template <int PAIRS>
struct Fragments {
    uint32_t a[2 * PAIRS];
    uint32_t b[PAIRS];
};

template <int PAIRS>
void multiply(const char* name, float (&d)[4], const Fragments<PAIRS>& own) {
    const auto all = simt::exchange_in_warp(name, own);
    const int group = simt::lane() / 4, column = 2 * (simt::lane() % 4);
    for (int pair = 0; pair < PAIRS; ++pair)
        for (int t = 0; t < 4; ++t) {
            const Fragments<PAIRS> rows = all[4 * group + t];
            for (int n = 0; n < 2; ++n) {
                const uint32_t b = all[4 * (column + n) + t].b[pair];
                for (int half = 0; half < 2; ++half) {
                    const uint32_t a = rows.a[2 * pair + half];
                    float& sum = d[2 * half + n];
                    sum = std::fma(high_half(a), high_half(b), std::fma(low_half(a), low_half(b), sum));
                }
            }
        }
}

inline void mma_m16n8k16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    multiply<2>("mma.m16n8k16", d, {{a[0], a[1], a[2], a[3]}, {b[0], b[1]}});
}

inline void mma_m16n8k8(float (&d)[4], const uint32_t (&a)[2], uint32_t b) {
    multiply<1>("mma.m16n8k8", d, {{a[0], a[1]}, {b}});
}

/* ---- asynchronous copies (sm_80) ----------------------------------------------------------------------- */

inline void copy_async_16(void* shared, const void* global, bool valid) {
    if (reinterpret_cast<std::uintptr_t>(shared) % 16 != 0 || (valid && reinterpret_cast<std::uintptr_t>(global) % 16 != 0))
        simt::fault("cp.async: %p to %p is not aligned to 16 bytes", global, shared);
    simt::copies().issue([=] {
        if (valid) std::memcpy(shared, global, 16);
        else std::memset(shared, 0, 16);
    });
}

inline void copy_async_commit() { simt::copies().commit(); }

template <int GROUPS>
void copy_async_wait() {
    simt::copies().wait(GROUPS);
}

}  // namespace leap::ptx
