/* softmax_rows.cpp: softmax over each row, in place.
 *
 * What      x[r][c] = exp(s - max_c s) / sum_c exp(s - max_c s),  s = scale * x[r][c]
 * Layouts   x: (rows, columns) dtype; exponentials, maximum and sum float32
 * A thread  takes whole rows: one pass for the maximum, one for the exponentials and their sum, one to divide;
 *           bfloat16 has no room for exponentials, and computes them twice
 * Wants     any sizes; a row of -infinity only becomes 0
 * Source    none needed
 */
#include "bf16.hpp"
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

    constexpr bool KEEPS_EXPONENTIALS = std::is_same_v<T, float>;
    const auto exponential = [&](int64_t c, auto lanes) { return exp(load(x + c, lanes) * scale - maximum); };
    Vec sums{};
    for_each_vector(columns, [&](int64_t c, auto lanes) {
        const Vec e = exponential(c, lanes);
        if constexpr (KEEPS_EXPONENTIALS) store(x + c, e, lanes);
        sums += keep(e, lanes, 0);
    });
    const float sum = sum_of_lanes(sums);
    const float inverse = sum == 0 ? 0 : 1 / sum;
    for_each_vector(columns, [&](int64_t c, auto lanes) {
        if constexpr (KEEPS_EXPONENTIALS) store(x + c, load(x + c, lanes) * inverse, lanes);
        else store(x + c, exponential(c, lanes) * inverse, lanes);
    });
}

template <class T>
void run(T* x, int64_t rows, int64_t columns, float scale) {
#pragma omp parallel for schedule(static) if (rows * columns >= PARALLEL_ELEMENTS)
    for (int64_t r = 0; r < rows; ++r) softmax_row(x + r * columns, columns, scale);
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_softmax_rows(leap_stream, leap_dtype dtype, void* x, int64_t rows, int64_t columns,
                                          float scale) {
    LEAP_TRY(leap::checks::softmax_rows(dtype, x, rows, columns));
    if (columns == 0) return LEAP_OK;
    leap::with_element(dtype, [&]<class T>() { leap::run(static_cast<T*>(x), rows, columns, scale); });
    return LEAP_OK;
}
