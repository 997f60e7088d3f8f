/* row.cuh: a row that THREADS threads hold in registers as float32: loaded once, reduced, and visited again. */
#pragma once

#include "device.cuh"
#include "row_tiles.hpp"

namespace leap {

template <int THREADS>
struct Row {
    static constexpr int ROWS = rows_per_block(THREADS);
    static constexpr int BLOCK = THREADS * ROWS;
    /* Elements of shared memory for reduce(). */
    static constexpr int SCRATCH = THREADS / WARP;

    float x[ROW_PACKS][ROW_PACK];

    /* The row that the running thread works on; beyond the last one its whole warp has nothing to do. */
    static __device__ __forceinline__ int64_t index() {
        return int64_t(blockIdx.x) * ROWS + (ROWS > 1 ? int(threadIdx.x) / THREADS : 0);
    }

    /* visit(column, pack) for every pack of the running thread in a row of C. */
    template <class Visit>
    __device__ __forceinline__ void for_each_pack(int C, Visit&& visit) {
        const int first = int(threadIdx.x % THREADS) * ROW_PACK;
#pragma unroll
        for (int k = 0; k < ROW_PACKS; ++k) {
            const int column = first + k * THREADS * ROW_PACK;
            if (column < C) visit(column, x[k]);
        }
    }

    /* x = the row at `from`. */
    template <class T>
    __device__ __forceinline__ void load(const T* from, int C) {
        for_each_pack(C, [&](int column, float(&pack)[ROW_PACK]) { load_floats<ROW_PACK>(from + column, pack); });
    }

    /* op over term(element) of the row, in every thread of it. */
    template <class Term, class Op>
    __device__ __forceinline__ float reduce(int C, float identity, Term&& term, Op op, float* scratch) {
        float result = identity;
        for_each_pack(C, [&](int, float(&pack)[ROW_PACK]) {
#pragma unroll
            for (int i = 0; i < ROW_PACK; ++i) result = op(result, term(pack[i]));
        });
        if constexpr (THREADS == WARP) return reduce_warp(result, op);
        else return reduce_block<THREADS>(result, op, scratch);
    }
};

/* Blocks for so many rows. */
template <int THREADS>
dim3 row_grid(int64_t rows) {
    return {unsigned(ceil_div<int64_t>(rows, Row<THREADS>::ROWS))};
}

}  // namespace leap
