/* group_norm.cu: group norm of the image decoder, with swish.
 *
 * What      y = (x - mean) / sqrt(var + eps) * gamma + beta over the pixels and channels of a group, then z sigmoid(z)
 * Layouts   x, y: (N, pixels, C) dtype, channels-last; gamma, beta: (C) float32; sums of up to IN_FLIGHT packs are float32,
 *           beyond that float64, of the difference to the group's first element: a mean far from 0 costs no digits
 * A block   takes one group of one image: once over it for the moments, once to write
 * A thread  goes from pack to pack of up to 16 bytes of the group's channels, IN_FLIGHT of them at once
 * Wants     any sizes; y may be x
 * Source    Wu and He 2018; swish: Ramachandran et al. 2017
 *
 * One image has 32 groups, so 32 multiprocessors work on it and read whole sectors of which they use a part; what bounds a
 * single image is their share of the second-level cache. A cluster of blocks per group would use the others.
 */
#include "checks.hpp"
#include "elementwise.cuh"

namespace leap {
namespace {

constexpr int THREADS = 1024;
constexpr int IN_FLIGHT = 4;

struct Group {
    int64_t N, pixels, C, channels;  // channels of one group
    float eps;
    bool swish;
};

/* The running block's group: where its elements start, and its packs. */
template <int N>
struct Packs {
    int64_t first, C;
    uint32_t per_pixel;
    int64_t count;

    __device__ __forceinline__ explicit Packs(const Group& g)
        : first(int64_t(blockIdx.y) * g.pixels * g.C + blockIdx.x * g.channels),
          C(g.C),
          per_pixel(uint32_t(g.channels / N)),
          count(g.pixels * per_pixel) {}

    /* Offset of pack i within its pixel's group, in elements. */
    __device__ __forceinline__ int column(uint32_t i) const { return int(i % per_pixel) * N; }
    __device__ __forceinline__ int64_t offset(uint32_t i) const { return first + int64_t(i / per_pixel) * C + column(i); }
};

struct Moments {
    double sum, squares;
};

template <class T, int N>
__device__ __forceinline__ Moments moments_about(float shift, const T* x, const Packs<N>& packs) {
    Moments total{0, 0};
    for (int64_t start = threadIdx.x; start < packs.count; start += THREADS * IN_FLIGHT) {
        float values[IN_FLIGHT][N];
#pragma unroll
        for (int k = 0; k < IN_FLIGHT; ++k) {
            const int64_t i = start + k * THREADS;
            if (i < packs.count) {
                load_floats<N>(x + packs.offset(uint32_t(i)), values[k]);
            } else {
#pragma unroll
                for (int n = 0; n < N; ++n) values[k][n] = shift;
            }
        }
        float sum = 0, squares = 0;
#pragma unroll
        for (int k = 0; k < IN_FLIGHT; ++k)
#pragma unroll
            for (int n = 0; n < N; ++n) {
                const float d = values[k][n] - shift;
                sum += d;
                squares += d * d;
            }
        total.sum += sum;
        total.squares += squares;
    }
    return total;
}

template <class T, int N>
__global__ void __launch_bounds__(THREADS)
    group_norm_kernel(const T* x, const float* gamma, const float* beta, T* y, Group g) {
    LEAP_SHARED_ARRAY(double, scratch, 2 * THREADS / WARP);
    const Packs<N> packs(g);
    const float shift = to_float(x[packs.first]);
    const Moments own = moments_about<T, N>(shift, x, packs);
    const double count = double(g.pixels) * double(g.channels);
    const double mean = reduce_block<THREADS>(own.sum, Sum{}, scratch) / count;
    const double square = reduce_block<THREADS>(own.squares, Sum{}, scratch + THREADS / WARP) / count;
    const double variance = square - mean * mean;
    const float inverse = float(1 / sqrt((variance > 0 || variance != variance ? variance : 0) + double(g.eps)));
    const float whole_mean = float(double(shift) + mean);
    gamma += blockIdx.x * g.channels;
    beta += blockIdx.x * g.channels;
#pragma unroll(IN_FLIGHT)
    for (int64_t i = threadIdx.x; i < packs.count; i += THREADS) {
        const int64_t at = packs.offset(uint32_t(i));
        const int column = packs.column(uint32_t(i));
        float z[N];
        load_floats<N>(x + at, z);
#pragma unroll
        for (int n = 0; n < N; ++n) {
            z[n] = (z[n] - whole_mean) * inverse * gamma[column + n] + beta[column + n];
            if (g.swish) z[n] = z[n] / (1.0f + expf(-z[n]));
        }
        store_floats<N>(y + at, z);
    }
}

template <class T, int N>
leap_status launch_packs(leap_stream stream, const void* x, const float* gamma, const float* beta, void* y, const Group& g,
                         int64_t groups) {
    const LaunchShape shape{stream, {unsigned(groups), unsigned(g.N)}, {THREADS}};
    return launch<group_norm_kernel<T, N>>(shape, static_cast<const T*>(x), gamma, beta, static_cast<T*>(y), g);
}

/* By the widest pack that the group's channels and the pointers allow. */
template <class T>
leap_status run(leap_stream stream, const void* x, const float* gamma, const float* beta, void* y, const Group& g,
                int64_t groups) {
    constexpr int64_t MAX_PACKS = 0xFFFFFFFF - int64_t(THREADS) * IN_FLIGHT;  // their number is 32 bits wide
    LEAP_REQUIRE(groups <= MAX_GRID_X && g.N <= 65535 && g.pixels * g.channels <= MAX_PACKS, LEAP_BAD_SHAPE,
                 "group_norm: N=%lld, pixels=%lld, groups=%lld are too many for one call", (long long)g.N,
                 (long long)g.pixels, (long long)groups);
    const auto fits = [&](int n) { return fits_packs(n, g.channels, {{x, sizeof(T), g.C}, {y, sizeof(T), g.C}}); };
    if constexpr (widest_pack(sizeof(T)) == 8)
        if (fits(8)) return launch_packs<T, 8>(stream, x, gamma, beta, y, g, groups);
    if (fits(4)) return launch_packs<T, 4>(stream, x, gamma, beta, y, g, groups);
    return launch_packs<T, 1>(stream, x, gamma, beta, y, g, groups);
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_group_norm(leap_stream stream, const leap_group_norm_params* p) {
    LEAP_TRY(leap::checks::group_norm(p));
    if (p->N == 0 || p->pixels == 0 || p->C == 0) return LEAP_OK;
    const leap::Group g{p->N, p->pixels, p->C, p->C / p->groups, p->eps, p->swish != 0};
    return p->dtype == LEAP_F32 ? leap::run<float>(stream, p->x, p->gamma, p->beta, p->y, g, p->groups)
                                : leap::run<leap::bf16>(stream, p->x, p->gamma, p->beta, p->y, g, p->groups);
}
