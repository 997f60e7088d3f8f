/* rope.cpp: rotary position embedding in place, rotate-half layout.
 *
 * What      for i < head_dim / 2, a = x[i], b = x[i + head_dim / 2], angle = positions[row] * frequencies[i]:
 *           x[i] = a cos(angle) - b sin(angle),  x[i + head_dim / 2] = b cos(angle) + a sin(angle)
 * Layouts   x: (rows, heads, head_dim) dtype, rows `stride` apart; the angle is a float32 product
 * A thread  takes whole rows: cosines and sines of PAIRS frequencies once, then every head with them
 * Wants     an even head_dim
 * Source    Su et al. 2021, eq. 34
 */
#include <algorithm>
#include <cmath>

#include "bf16.hpp"
#include "checks.hpp"
#include "parallel.hpp"
#include "simd.hpp"

namespace leap {
namespace {

/* Frequencies whose cosines and sines are kept at once: all of a head of up to 128. */
constexpr int PAIRS = 64;

/* `count` pairs of one head: a = x[0 ..], b = x[half ..]. */
template <class T>
void rotate(T* x, int64_t half, const float* cosines, const float* sines, int64_t count) {
    for_each_vector(count, [&](int64_t i, auto lanes) {
        const Vec a = load(x + i, lanes), b = load(x + half + i, lanes);
        const Vec c = load(cosines + i, lanes), s = load(sines + i, lanes);
        store(x + i, a * c - b * s, lanes);
        store(x + half + i, b * c + a * s, lanes);
    });
}

template <class T>
void rotate_row(const leap_rope_params& p, int64_t row) {
    T* x = static_cast<T*>(p.x) + row * p.stride;
    const float position = float(p.positions[row]);
    const int64_t half = p.head_dim / 2;
    for (int64_t first = 0; first < half; first += PAIRS) {
        const int64_t count = std::min<int64_t>(PAIRS, half - first);
        float cosines[PAIRS], sines[PAIRS];
        for (int64_t i = 0; i < count; ++i) {
            const float angle = position * p.frequencies[first + i];
            cosines[i] = std::cos(angle);
            sines[i] = std::sin(angle);
        }
        for (int64_t h = 0; h < p.heads; ++h) rotate(x + h * p.head_dim + first, half, cosines, sines, count);
    }
}

template <class T>
void run(const leap_rope_params& p) {
#pragma omp parallel for schedule(static) if (p.rows * p.heads * p.head_dim >= PARALLEL_ELEMENTS)
    for (int64_t r = 0; r < p.rows; ++r) rotate_row<T>(p, r);
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_rope(leap_stream, const leap_rope_params* p) {
    LEAP_TRY(leap::checks::rope(p));
    leap::with_element(p->dtype, [&]<class T>() { leap::run<T>(*p); });
    return LEAP_OK;
}
