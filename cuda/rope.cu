/* rope.cu: rotary position embedding in place, rotate-half layout.
 *
 * What      for i < head_dim / 2, a = x[i], b = x[i + head_dim / 2], angle = positions[row] * frequencies[i]:
 *           x[i] = a cos(angle) - b sin(angle),  x[i + head_dim / 2] = b cos(angle) + a sin(angle)
 * Layouts   x: (rows, heads, head_dim) dtype, rows `stride` apart; angle, cosine and sine float32, rounded to dtype once
 * A block   takes one row: cosines and sines of its frequencies once into shared memory, PAIRS at a time
 * A thread  then turns a pack of neighbouring pairs of a head after another (one pair, where the operands are not aligned)
 * Wants     an even head_dim
 * Source    Su et al. 2021, eq. 34
 */
#include "checks.hpp"
#include "elementwise.cuh"

namespace leap {
namespace {

constexpr int THREADS = 128;

/* Frequencies whose cosines and sines are kept at once: all of a head of up to 256. */
constexpr int PAIRS = 128;

template <class T, int N>
__global__ void __launch_bounds__(THREADS) rope_kernel(leap_rope_params p) {
    LEAP_SHARED_ARRAY(float, cosines, PAIRS);
    LEAP_SHARED_ARRAY(float, sines, PAIRS);
    T* x = static_cast<T*>(p.x) + int64_t(blockIdx.x) * p.stride;
    const float position = float(p.positions[blockIdx.x]);
    const int half = p.head_dim / 2;
    for (int first = 0; first < half; first += PAIRS) {
        const int count = half - first < PAIRS ? half - first : PAIRS;
        for (int i = int(threadIdx.x); i < count; i += THREADS) {
            const float angle = position * p.frequencies[first + i];
            cosines[i] = cosf(angle);
            sines[i] = sinf(angle);
        }
        __syncthreads();
        const int packs = count / N;
        for (int task = int(threadIdx.x); task < p.heads * packs; task += THREADS) {
            const int i = task % packs * N;
            T* low = x + int64_t(task / packs) * p.head_dim + first + i;
            float a[N], b[N];
            load_floats<N>(low, a);
            load_floats<N>(low + half, b);
#pragma unroll
            for (int k = 0; k < N; ++k) {
                const float cosine = cosines[i + k], sine = sines[i + k];
                const float turned = a[k] * cosine - b[k] * sine;
                b[k] = b[k] * cosine + a[k] * sine;
                a[k] = turned;
            }
            store_floats<N>(low, a);
            store_floats<N>(low + half, b);
        }
        __syncthreads();
    }
}

template <class T>
leap_status run(leap_stream stream, const leap_rope_params& p) {
    constexpr int N = widest_pack(sizeof(T));
    LEAP_REQUIRE(p.rows <= MAX_GRID_X, LEAP_BAD_SHAPE, "rope: rows=%lld are too many for one call", (long long)p.rows);
    const bool packs = fits_packs(N, p.head_dim / 2, {{p.x, sizeof(T), p.stride}});
    const LaunchShape shape{stream, {unsigned(p.rows)}, {THREADS}};
    return packs ? launch<rope_kernel<T, N>>(shape, p) : launch<rope_kernel<T, 1>>(shape, p);
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_rope(leap_stream stream, const leap_rope_params* p) {
    LEAP_TRY(leap::checks::rope(p));
    if (p->rows == 0) return LEAP_OK;
    return p->dtype == LEAP_F32 ? leap::run<float>(stream, *p) : leap::run<leap::bf16>(stream, *p);
}
