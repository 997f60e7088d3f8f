/* add.cpp: a residual that no norm follows.
 *
 * What      y[i] += x[i]
 * Layouts   x: (n) dtype; y: (n) float32
 * A thread  takes chunks of CHUNK elements
 * Wants     any n; x and y do not overlap
 * Source    He et al. 2016 (residual connections)
 */
#include <algorithm>

#include "bf16.hpp"
#include "checks.hpp"
#include "parallel.hpp"
#include "simd.hpp"

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
    LEAP_TRY(leap::checks::add(dtype, x, y, n));
    leap::with_element(dtype, [&]<class X>() { leap::run(static_cast<const X*>(x), y, n); });
    return LEAP_OK;
}
