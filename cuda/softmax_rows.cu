/* softmax_rows.cu: softmax over each row, in place.
 *
 * What      x[r][c] = exp(s - max_c s) / sum_c exp(s - max_c s),  s = scale * x[r][c]
 * Layouts   x: (rows, columns) dtype; maximum, exponentials and sum float32, rounded once at the end
 * A warp    takes a row of up to 1024 elements, a block one of up to 16384, in registers (row.cuh); any other row is gone
 *           over three times in memory by a block
 * Wants     any sizes; a row of -infinity only becomes 0
 * Source    none needed
 */
#include "checks.hpp"
#include "elementwise.cuh"
#include "row.cuh"

namespace leap {
namespace {

/* What to subtract: -infinity would make NaN of a row that has nothing else. */
__device__ __forceinline__ float finite_maximum(float maximum) { return maximum == -INFINITY ? 0.0f : maximum; }

__device__ __forceinline__ float inverse_of_sum(float sum) { return sum == 0 ? 0.0f : 1.0f / sum; }

/* exp(x) of an x <= 0: a relative error of 2^-22 and x 2^-24, so what is far below the maximum loses digits that nobody sees. */
__device__ __forceinline__ float exponential(float x) { return ptx::exp2_approximate(x * 1.44269504f); }

template <class T, int THREADS>
__global__ void __launch_bounds__(Row<THREADS>::BLOCK)
    softmax_in_registers(T* x, int64_t rows, int64_t columns, float scale) {
    LEAP_SHARED_ARRAY(float, scratch, Row<THREADS>::SCRATCH);
    const int64_t r = Row<THREADS>::index();
    if (r >= rows) return;
    x += r * columns;
    Row<THREADS> row;
    row.load(x, columns);
    const float maximum =
        finite_maximum(row.reduce(columns, -INFINITY, [&](float& v) { return v *= scale; }, Max{}, scratch));
    const float inverse =
        inverse_of_sum(row.reduce(columns, 0.0f, [&](float& v) { return v = exponential(v - maximum); }, Sum{}, scratch));
    row.for_each_pack(columns, [&](int c, float(&pack)[ROW_PACK]) {
#pragma unroll
        for (int i = 0; i < ROW_PACK; ++i) pack[i] *= inverse;
        store_floats<ROW_PACK>(x + c, pack);
    });
}

constexpr int THREADS = 256;

template <class T>
__global__ void __launch_bounds__(THREADS) softmax_in_memory(T* x, int64_t columns, float scale) {
    LEAP_SHARED_ARRAY(float, scratch, THREADS / WARP);
    x += int64_t(blockIdx.x) * columns;
    float own = -INFINITY;
    for (int64_t c = threadIdx.x; c < columns; c += THREADS) own = Max{}(own, to_float(x[c]) * scale);
    const float maximum = finite_maximum(reduce_block<THREADS>(own, Max{}, scratch));
    own = 0;
    for (int64_t c = threadIdx.x; c < columns; c += THREADS) own += exponential(to_float(x[c]) * scale - maximum);
    const float inverse = inverse_of_sum(reduce_block<THREADS>(own, Sum{}, scratch));
    for (int64_t c = threadIdx.x; c < columns; c += THREADS)
        x[c] = from_float<T>(exponential(to_float(x[c]) * scale - maximum) * inverse);
}

template <class T>
leap_status run(leap_stream stream, T* x, int64_t rows, int64_t columns, float scale) {
    LEAP_REQUIRE(rows <= MAX_GRID_X, LEAP_BAD_SHAPE, "softmax_rows: rows=%lld are too many for one call", (long long)rows);
    switch (row_threads(columns, fits_packs(ROW_PACK, columns, {{x, sizeof(T), columns}}))) {
        case 32:
            return launch<softmax_in_registers<T, 32>>({stream, row_grid<32>(rows), {Row<32>::BLOCK}}, x, rows, columns, scale);
        case 128: return launch<softmax_in_registers<T, 128>>({stream, row_grid<128>(rows), {128}}, x, rows, columns, scale);
        case 512: return launch<softmax_in_registers<T, 512>>({stream, row_grid<512>(rows), {512}}, x, rows, columns, scale);
        default: return launch<softmax_in_memory<T>>({stream, {unsigned(rows)}, {THREADS}}, x, columns, scale);
    }
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_softmax_rows(leap_stream stream, leap_dtype dtype, void* x, int64_t rows, int64_t columns,
                                          float scale) {
    LEAP_TRY(leap::checks::softmax_rows(dtype, x, rows, columns));
    if (rows == 0 || columns == 0) return LEAP_OK;
    return dtype == LEAP_F32 ? leap::run(stream, static_cast<float*>(x), rows, columns, scale)
                             : leap::run(stream, static_cast<leap::bf16*>(x), rows, columns, scale);
}
