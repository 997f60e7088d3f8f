/* convert.cpp: a tensor in another dtype.
 *
 * What      y[i] = x[i], rounded to the nearest, ties to even
 * Layouts   x: (n) x_dtype; y: (n) y_dtype
 * A thread  takes chunks of CHUNK elements
 * Wants     any n; x and y do not overlap
 * Source    none needed
 */
#include <algorithm>

#include "bf16.hpp"
#include "checks.hpp"
#include "parallel.hpp"

namespace leap {
namespace {

constexpr int64_t CHUNK = 16 * 1024;

template <class X, class Y>
void run(const X* x, Y* y, int64_t n) {
#pragma omp parallel for schedule(static) if (n >= PARALLEL_ELEMENTS)
    for (int64_t start = 0; start < n; start += CHUNK) {
        for_each_vector(std::min(CHUNK, n - start), [&](int64_t i, auto lanes) {
            store(y + start + i, load(x + start + i, lanes), lanes);
        });
    }
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_convert(leap_stream, leap_dtype x_dtype, const void* x, leap_dtype y_dtype, void* y, int64_t n) {
    LEAP_TRY(leap::checks::convert(x_dtype, x, y_dtype, y, n));
    leap::with_element(x_dtype, [&]<class X>() {
        leap::with_element(y_dtype, [&]<class Y>() { leap::run(static_cast<const X*>(x), static_cast<Y*>(y), n); });
    });
    return LEAP_OK;
}
