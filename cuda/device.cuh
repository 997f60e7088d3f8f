/* device.cuh: what every kernel stands on: CUDA or its emulation, the two dtypes, loads and stores of several elements at
 * once, reductions over a warp and a block.
 */
#pragma once

#if defined(LEAP_EMULATED)
#include "emulation/simt.hpp"
#else
#include <cuda_runtime.h>

/* `name` points to COUNT elements of static shared memory. */
#define LEAP_SHARED_ARRAY(T, name, COUNT) __shared__ __align__(16) T name[COUNT]

/* `name` points to the bytes of dynamic shared memory that the launch asked for, aligned to 1024. */
#define LEAP_DYNAMIC_SHARED(name)                                    \
    extern __shared__ __align__(1024) unsigned char leap_dynamic_shared[]; \
    std::byte* const name = reinterpret_cast<std::byte*>(leap_dynamic_shared)
#endif

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "ptx.cuh"

namespace leap {

inline constexpr int WARP = 32;
inline constexpr unsigned ALL_LANES = 0xFFFFFFFFu;

template <class Integer>
__host__ __device__ constexpr Integer ceil_div(Integer a, Integer b) {
    return (a + b - 1) / b;
}

/* ---- dtypes ------------------------------------------------------------------------------------------ */

/* A float32 without its lower 16 bits. */
struct bf16 {
    uint16_t bits;
};

__device__ __forceinline__ float to_float(float x) { return x; }
__device__ __forceinline__ float to_float(bf16 x) { return __uint_as_float(uint32_t(x.bits) << 16); }

/* Rounded to the nearest, ties to even. */
template <class T>
__device__ __forceinline__ T from_float(float x);
template <>
__device__ __forceinline__ float from_float<float>(float x) {
    return x;
}
template <>
__device__ __forceinline__ bf16 from_float<bf16>(float x) {
    return {ptx::round_to_bf16(x)};
}

__device__ __forceinline__ bool is_finite(float x) { return fabsf(x) < INFINITY; }

/* x as it would come back from memory of dtype T. */
template <class T>
__device__ __forceinline__ float rounded_to(float x) {
    return to_float(from_float<T>(x));
}

/* ---- several elements at once ----------------------------------------------------------------------------- */

/* The widest access has 16 bytes. */
inline constexpr int ACCESS_BYTES = 16;

/* N neighbouring elements, loaded and stored by one instruction where they fill 4, 8 or 16 bytes. */
template <class T, int N>
struct alignas(sizeof(T) * N) Pack {
    static_assert(sizeof(T) * N <= ACCESS_BYTES, "one access has at most 16 bytes");
    T at[N];
};

/* out[i] = from[i] as float32, i < N. `from` is aligned to N elements. */
template <int N, class T>
__device__ __forceinline__ void load_floats(const T* from, float (&out)[N]) {
    const Pack<T, N> pack = *reinterpret_cast<const Pack<T, N>*>(from);
#pragma unroll
    for (int i = 0; i < N; ++i) out[i] = to_float(pack.at[i]);
}

/* to[i] = x[i] rounded to T, i < N. `to` is aligned to N elements. */
template <int N, class T>
__device__ __forceinline__ void store_floats(T* to, const float (&x)[N]) {
    Pack<T, N> pack;
#pragma unroll
    for (int i = 0; i < N; ++i) pack.at[i] = from_float<T>(x[i]);
    *reinterpret_cast<Pack<T, N>*>(to) = pack;
}

/* True where `pointer` lies on a multiple of `bytes`. */
inline bool is_aligned(const void* pointer, std::size_t bytes) {
    return reinterpret_cast<std::uintptr_t>(pointer) % bytes == 0;
}

/* ---- reductions -------------------------------------------------------------------------------------------- */

__device__ __forceinline__ int lane_id() { return int(threadIdx.x % WARP); }
__device__ __forceinline__ int warp_id() { return int(threadIdx.x / WARP); }

struct Sum {
    template <class T>
    __device__ __forceinline__ T operator()(T a, T b) const {
        return a + b;
    }
};

/* NaN where either is: a row that holds one must not look finite. */
struct Max {
    __device__ __forceinline__ float operator()(float a, float b) const { return a > b || a != a ? a : b; }
};

/* Every lane gets the reduction over the WIDTH neighbouring lanes that it belongs to. */
template <int WIDTH = WARP, class T, class Op>
__device__ __forceinline__ T reduce_warp(T value, Op op) {
#pragma unroll
    for (int offset = WIDTH / 2; offset > 0; offset /= 2) value = op(value, __shfl_xor_sync(ALL_LANES, value, offset));
    return value;
}

/* Every thread gets the reduction over the block of THREADS threads, in an order that does not change from run to run.
 * `scratch`: THREADS / WARP elements of shared memory, which the next reduction may use at once. */
template <int THREADS, class T, class Op>
__device__ __forceinline__ T reduce_block(T value, Op op, T* scratch) {
    constexpr int WARPS = THREADS / WARP;
    static_assert(THREADS % WARP == 0 && THREADS <= 1024, "whole warps");
    static_assert((WARPS & (WARPS - 1)) == 0, "every warp reduces the warps' results by itself, as lanes");
    value = reduce_warp(value, op);
    if constexpr (WARPS == 1) return value;
    if (lane_id() == 0) scratch[warp_id()] = value;
    __syncthreads();
    value = reduce_warp<WARPS>(scratch[lane_id() % WARPS], op);
    __syncthreads();
    return value;
}

}  // namespace leap
