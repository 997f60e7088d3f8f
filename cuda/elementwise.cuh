/* elementwise.cuh: kernels that go over (rows, C) once, a pack of neighbouring elements per thread.
 *
 * On an H100 about 16 KB per multiprocessor must be on their way to keep memory busy; 2048 threads with 16 bytes each are
 * twice that, so one pack per thread is enough.
 */
#pragma once

#include <initializer_list>

#include "launch.cuh"

namespace leap {

inline constexpr int ELEMENTWISE_THREADS = 256;

/* The elements of a pack in which each of `bytes` per element fills at most one 16-byte access. */
constexpr int widest_pack(std::size_t bytes) { return int(ACCESS_BYTES / bytes); }

/* An operand whose rows start `stride` elements apart. Null operands are not there. */
struct Operand {
    const void* pointer;
    std::size_t element_bytes;
    int64_t stride;
};

/* True where packs of n elements of rows of C neither cross a row's end nor lie across an access's alignment. */
inline bool fits_packs(int n, int64_t C, std::initializer_list<Operand> operands) {
    if (C % n != 0) return false;
    for (const Operand& operand : operands)
        if (operand.pointer && (!is_aligned(operand.pointer, n * operand.element_bytes) || operand.stride % n != 0))
            return false;
    return true;
}

/* Where a thread's pack lies. */
struct PackPosition {
    int64_t row, column;  // row < 0: beyond the end
};

/* The pack of the running thread: packs are numbered row by row over the grid. */
template <int N>
__device__ __forceinline__ PackPosition pack_position(int64_t rows, int64_t C) {
    const int64_t index = int64_t(blockIdx.x) * ELEMENTWISE_THREADS + threadIdx.x;
    const int64_t packs = C / N;
    // A 64-bit division takes some 70 instructions, a 32-bit one about 20.
    int64_t row;
    if (rows * packs <= 0x7FFFFFFF) row = uint32_t(index) / uint32_t(packs);
    else row = index / packs;
    if (row >= rows) return {-1, 0};
    return {row, (index - row * packs) * N};
}

/* Blocks for so many packs. */
inline dim3 elementwise_grid(int64_t rows, int64_t C, int n) {
    return {unsigned(ceil_div<int64_t>(rows * (C / n), ELEMENTWISE_THREADS))};
}

/* LEAP_BAD_SHAPE where the packs do not fit one grid. */
inline leap_status check_elementwise_grid(const char* name, int64_t rows, int64_t C, int n) {
    LEAP_REQUIRE(ceil_div<int64_t>(rows * (C / n), ELEMENTWISE_THREADS) <= MAX_GRID_X, LEAP_BAD_SHAPE,
                 "%s: %lld x %lld elements are too many for one call", name, (long long)rows, (long long)C);
    return LEAP_OK;
}

}  // namespace leap
