/* softmax_rows.cpp: softmax over each row, in place.
 *
 * What      x[r][c] = exp(s - max_c s) / sum_c exp(s - max_c s),  s = scale * x[r][c]
 * Layouts   x: (rows, columns) float32; maximum and sum float32
 * A thread  takes whole rows: one pass for the maximum, one for the exponentials and their sum, one to divide
 * Wants     any sizes; a row of -infinity only becomes 0
 * Source    none needed
 */
#include "checks.hpp"
#include "parallel.hpp"
#include "simd.hpp"
#include "vector_math.hpp"

namespace leap {
namespace {

template <class T>
void softmax_row(T* x, int64_t columns, float scale) {
    Vec maxima = broadcast(-INFINITE);
    for_each_vector(columns, [&](int64_t c, auto lanes) {
        maxima = max(keep(load(x + c, lanes) * scale, lanes, -INFINITE), maxima);
    });
    float maximum = max_of_lanes(maxima);
    if (maximum == -INFINITE) maximum = 0;

    Vec sums{};
    for_each_vector(columns, [&](int64_t c, auto lanes) {
        const Vec e = exp(load(x + c, lanes) * scale - maximum);
        store(x + c, e, lanes);
        sums += keep(e, lanes, 0);
    });
    const float sum = sum_of_lanes(sums);
    if (sum == 0) return;  // every x is 0 already
    const float inverse = 1 / sum;
    for_each_vector(columns, [&](int64_t c, auto lanes) { store(x + c, load(x + c, lanes) * inverse, lanes); });
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_softmax_rows(leap_stream, leap_dtype dtype, void* x, int64_t rows, int64_t columns,
                                          float scale) {
    LEAP_TRY(leap::checks::softmax_rows(dtype, x, rows, columns));
    if (columns == 0) return LEAP_OK;

#pragma omp parallel for schedule(static) if (rows * columns >= leap::PARALLEL_ELEMENTS)
    for (int64_t r = 0; r < rows; ++r) leap::softmax_row(static_cast<float*>(x) + r * columns, columns, scale);
    return LEAP_OK;
}
