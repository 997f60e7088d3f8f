/* ptx.cuh: every instruction that C++ has no word for, one named function each. Nothing else in cuda/ holds inline PTX, so
 * that emulation/ptx.hpp can stand in for this file.
 *
 * Fragments of mma (lane = 4 g + t): A (16, K) rows g and g + 8, B (K, 8) column g, C and D (16, 8): d[0], d[1] = (g, 2t),
 * (g, 2t + 1); d[2], d[3] = (g + 8, 2t), (g + 8, 2t + 1). Source: PTX ISA 9.0, sections on mma and ldmatrix.
 */
#pragma once

#if defined(LEAP_EMULATED)
#include "emulation/ptx.hpp"
#else

#include <cstdint>

namespace leap::ptx {

/* ---- arithmetic ----------------------------------------------------------------------------------------- */

/* The bits of x rounded to bfloat16, ties to even. */
__device__ __forceinline__ uint16_t round_to_bf16(float x) {
    uint16_t bits;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(x));
    return bits;
}

/* low and high rounded to bfloat16, in the lower and upper half of a register. */
__device__ __forceinline__ uint32_t pack_bf16x2(float low, float high) {
    uint32_t packed;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
    return packed;
}

/* 2^x, with a relative error of at most 2^-22; subnormal results become 0. */
__device__ __forceinline__ float exp2_approximate(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

/* log2(x), with an absolute error of at most 2^-22 for x near 1 and a relative one of 2^-22 elsewhere. */
__device__ __forceinline__ float log2_approximate(float x) {
    float y;
    asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

/* 1 / x, with a relative error of at most 2^-23; subnormal results become 0. */
__device__ __forceinline__ float reciprocal_approximate(float x) {
    float y;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

/* ---- global memory --------------------------------------------------------------------------------------- */

/* Neighbouring words by one instruction; `to` is aligned to all of them. A struct of them nvcc may take apart. */
__device__ __forceinline__ void store_words(void* to, const uint32_t (&words)[1]) {
    asm volatile("st.global.b32 [%0], %1;" ::"l"(to), "r"(words[0]) : "memory");
}
__device__ __forceinline__ void store_words(void* to, const uint32_t (&words)[2]) {
    asm volatile("st.global.v2.b32 [%0], {%1, %2};" ::"l"(to), "r"(words[0]), "r"(words[1]) : "memory");
}
__device__ __forceinline__ void store_words(void* to, const uint32_t (&words)[4]) {
    asm volatile("st.global.v4.b32 [%0], {%1, %2, %3, %4};" ::"l"(to), "r"(words[0]), "r"(words[1]), "r"(words[2]), "r"(words[3])
                 : "memory");
}

/* ---- matrix fragments ----------------------------------------------------------------------------------- */

__device__ __forceinline__ uint32_t shared_address(const void* pointer) {
    return uint32_t(__cvta_generic_to_shared(pointer));
}

/* Four 8 x 8 matrices of 16-bit elements: lane l gives the address of row l % 8 of matrix l / 8, aligned to 16 bytes;
 * r[i] = the elements (lane / 4, 2 (lane % 4)) and the next of matrix i. */
__device__ __forceinline__ void load_matrix_x4(uint32_t (&r)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(row))
                 : "memory");
}

/* As load_matrix_x4, each matrix transposed. */
__device__ __forceinline__ void load_matrix_x4_transposed(uint32_t (&r)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(row))
                 : "memory");
}

/* Two 8 x 8 matrices; the addresses of lanes 16 .. 31 are not used. */
__device__ __forceinline__ void load_matrix_x2(uint32_t (&r)[2], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(shared_address(row))
                 : "memory");
}

__device__ __forceinline__ void load_matrix_x2_transposed(uint32_t (&r)[2], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
                 : "=r"(r[0]), "=r"(r[1])
                 : "r"(shared_address(row))
                 : "memory");
}

/* d += a b: a (16, 16) and b (16, 8) bfloat16, d (16, 8) float32. */
__device__ __forceinline__ void mma_m16n8k16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/* d += a b: a (16, 8) and b (8, 8) bfloat16, d (16, 8) float32. */
__device__ __forceinline__ void mma_m16n8k8(float (&d)[4], const uint32_t (&a)[2], uint32_t b) {
    asm("mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(b));
}

/* ---- asynchronous copies (sm_80) ----------------------------------------------------------------------- */

/* 16 bytes from global to shared memory, both aligned to 16; 0 where not `valid` (nothing is read then). */
__device__ __forceinline__ void copy_async_16(void* shared, const void* global, bool valid) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(shared)), "l"(global),
                 "r"(valid ? 16 : 0)
                 : "memory");
}

/* The copies of this thread since the last commit become one group. */
__device__ __forceinline__ void copy_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

/* Waits until at most GROUPS of this thread's groups are still under way. */
template <int GROUPS>
__device__ __forceinline__ void copy_async_wait() {
    asm volatile("cp.async.wait_group %0;" ::"n"(GROUPS) : "memory");
}

}  // namespace leap::ptx

#endif
