/* add.cpp: a residual that no norm follows.
 *
 * What      y[i] += x[i]
 * Layouts   x, y: (n) float32
 * A thread  takes chunks of CHUNK elements
 * Wants     any n; x and y do not overlap
 * Source    He et al. 2016 (residual connections)
 */
#include <algorithm>

#include "parallel.hpp"
#include "simd.hpp"
#include "status.hpp"

namespace leap {
namespace {

constexpr int64_t CHUNK = 16 * 1024;

template <class X>
void run(const X* x, float* y, int64_t n) {
#pragma omp parallel for schedule(static) if (n >= PARALLEL_ELEMENTS)
    for (int64_t start = 0; start < n; start += CHUNK) {
        for_each_vector(std::min(CHUNK, n - start), [&](int64_t i, auto lanes) {
            store(y + start + i, load(y + start + i, lanes) + load(x + start + i, lanes), lanes);
        });
    }
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_add(leap_stream, leap_dtype dtype, const void* x, float* y, int64_t n) {
    LEAP_TRY(leap::require_float32("add", "dtype", dtype));
    LEAP_REQUIRE(n >= 0, LEAP_BAD_ARGUMENT, "add: n=%lld must not be negative", (long long)n);
    if (n == 0) return LEAP_OK;
    LEAP_REQUIRE(x && y, LEAP_BAD_ARGUMENT, "add: x and y must not be null");
    leap::run(static_cast<const float*>(x), y, n);
    return LEAP_OK;
}
