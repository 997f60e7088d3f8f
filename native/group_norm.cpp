/* group_norm.cpp: group norm of a channels-last image, with an optional swish.
 *
 * What      y = (x - mean) / sqrt(var + eps) * gamma + beta, mean and biased variance over the pixels and channels of a
 *           group;  then y = y / (1 + exp(-y)) where asked for
 * Layouts   x, y: (N, pixels, C) dtype; gamma, beta: (C) float32; moments float32 within a chunk of pixels of a
 *           channel, float64 beyond
 * A thread  takes chunks of pixels: each channel's mean, then its squares about that mean, joined group by group. Then the
 *           chunks of an image are joined in order, and chunks are normalised
 * Wants     C % groups == 0; y may be x; no scratch of the caller's: the calling thread has its own
 * Source    Wu and He 2018; swish: Ramachandran et al. 2017; joining: Chan et al. 1979, eq. 2.1
 */
#include <algorithm>
#include <cmath>

#include "bf16.hpp"
#include "checks.hpp"
#include "parallel.hpp"
#include "scratch.hpp"
#include "simd.hpp"
#include "vector_math.hpp"

namespace leap {
namespace {

/* Pixels of a piece: 128 KiB, so that its second reading comes from the second-level cache. */
constexpr int64_t chunk_pixels(int64_t C) { return std::clamp<int64_t>(32 * 1024 / C, 16, 1024); }

/* Of `count` values: mean and sum of squares about it. */
struct Moments {
    double count = 0;
    double mean = 0;
    double squares = 0;

    void join(const Moments& other) {
        const double total = count + other.count;
        const double difference = other.mean - mean;
        mean += difference * (other.count / total);
        squares += other.squares + difference * difference * (count * (other.count / total));
        count = total;
    }
};

/* mean[c], squares[c]: the moments of VECTORS * LANES channels over `pixels` rows of x. */
template <int VECTORS, class Lanes, class T>
LEAP_INLINE void channel_moments(const T* x, int64_t pixels, int64_t C, float* mean, float* squares, Lanes lanes) {
    Vec shift[VECTORS], centre[VECTORS] = {};  // sums of differences to the first row: a mean far from 0 costs no digits
    for (int k = 0; k < VECTORS; ++k) shift[k] = load(x + k * LANES, lanes);
    for (int64_t i = 0; i < pixels; ++i)
#pragma GCC unroll 4
        for (int k = 0; k < VECTORS; ++k) centre[k] += load(x + i * C + k * LANES, lanes) - shift[k];
    for (int k = 0; k < VECTORS; ++k) centre[k] = shift[k] + centre[k] / float(pixels);
    Vec total[VECTORS] = {};
    for (int64_t i = 0; i < pixels; ++i)
#pragma GCC unroll 4
        for (int k = 0; k < VECTORS; ++k) {
            const Vec centred = load(x + i * C + k * LANES, lanes) - centre[k];
            total[k] += centred * centred;
        }
    for (int k = 0; k < VECTORS; ++k) {
        store(mean + k * LANES, centre[k], lanes);
        store(squares + k * LANES, total[k], lanes);
    }
}

/* groups[g] = the moments of `pixels` rows of x; scratch: (2, C). */
template <class T>
void chunk_moments(const T* x, int64_t pixels, int64_t C, int64_t channels_per_group, float* scratch, Moments* groups) {
    constexpr int VECTORS = 4;  // side by side, so that additions do not wait for each other
    float* mean = scratch;
    float* squares = scratch + C;
    int64_t first = 0;
    for (; first + VECTORS * LANES <= C; first += VECTORS * LANES)
        channel_moments<VECTORS>(x + first, pixels, C, mean + first, squares + first, AllLanes{});
    for_each_vector(C - first, [&](int64_t rest, auto lanes) {
        const int64_t c = first + rest;
        channel_moments<1>(x + c, pixels, C, mean + c, squares + c, lanes);
    });
    // All channels count the same number of pixels.
    for (int64_t c = 0; c < C; c += channels_per_group) {
        double group_mean = 0;
        for (int64_t i = 0; i < channels_per_group; ++i) group_mean += mean[c + i];
        group_mean /= double(channels_per_group);
        double group_squares = 0;
        for (int64_t i = 0; i < channels_per_group; ++i) {
            const double difference = mean[c + i] - group_mean;
            group_squares += squares[c + i] + double(pixels) * difference * difference;
        }
        groups[c / channels_per_group] = {double(pixels * channels_per_group), group_mean, group_squares};
    }
}

/* y = (x - mean) * factor + beta per channel, then swish. */
template <bool SWISH, class T>
void normalise(const T* x, T* y, int64_t pixels, int64_t C, const float* mean, const float* factor, const float* beta) {
    for (int64_t i = 0; i < pixels; ++i)
        for_each_vector(C, [&](int64_t c, auto lanes) {
            Vec v = (load(x + i * C + c, lanes) - load(mean + c, lanes)) * load(factor + c, lanes) + load(beta + c, lanes);
            if constexpr (SWISH) v = silu(v);
            store(y + i * C + c, v, lanes);
        });
}

template <class T>
leap_status run(const leap_group_norm_params& p) {
    const T* x = static_cast<const T*>(p.x);
    T* y = static_cast<T*>(p.y);
    const int64_t N = p.N, pixels = p.pixels, C = p.C, groups = p.groups;
    const int64_t channels_per_group = C / groups;
    const int64_t chunk_size = chunk_pixels(C);
    const int64_t chunks = ceil_div(pixels, chunk_size);
    const bool parallel = N * pixels * C >= PARALLEL_ELEMENTS;

    // (N * chunks, groups) moments, (N, 2, C) mean and factor per channel, (2, C) per thread
    const std::size_t moments_bytes = padded_bytes<Moments>(N * chunks * groups);
    const std::size_t channel_bytes = padded_bytes<float>(N * 2 * C);
    const std::size_t slice = padded_bytes<float>(2 * C);
    const std::size_t bytes = moments_bytes + channel_bytes + slice * (parallel ? omp_get_max_threads() : 1);
    std::byte* scratch = thread_scratch().reserve(bytes);
    LEAP_REQUIRE(scratch, LEAP_OUT_OF_MEMORY, "group_norm: no memory for %zu bytes of scratch", bytes);
    Moments* moments = reinterpret_cast<Moments*>(scratch);
    float* channels = reinterpret_cast<float*>(scratch + moments_bytes);
    std::byte* slices = scratch + moments_bytes + channel_bytes;

#pragma omp parallel if (parallel)
    {
        float* own = reinterpret_cast<float*>(slices + slice * omp_get_thread_num());
#pragma omp for schedule(static)
        for (int64_t piece = 0; piece < N * chunks; ++piece) {
            const int64_t pixel = piece % chunks * chunk_size;
            chunk_moments(x + (piece / chunks * pixels + pixel) * C, std::min(chunk_size, pixels - pixel), C,
                          channels_per_group, own, moments + piece * groups);
        }
#pragma omp for schedule(static)
        for (int64_t item = 0; item < N * groups; ++item) {
            const int64_t n = item / groups;
            const int64_t g = item % groups;
            Moments group;
            for (int64_t chunk = 0; chunk < chunks; ++chunk) group.join(moments[(n * chunks + chunk) * groups + g]);
            const double inverse = 1 / std::sqrt(group.squares / group.count + double(p.eps));
            float* mean = channels + n * 2 * C;
            for (int64_t c = g * channels_per_group; c < (g + 1) * channels_per_group; ++c) {
                mean[c] = float(group.mean);
                mean[C + c] = float(inverse * p.gamma[c]);
            }
        }
#pragma omp for schedule(static)
        for (int64_t piece = 0; piece < N * chunks; ++piece) {
            const int64_t pixel = piece % chunks * chunk_size;
            const int64_t at = (piece / chunks * pixels + pixel) * C;
            const int64_t count = std::min(chunk_size, pixels - pixel);
            const float* mean = channels + piece / chunks * 2 * C;
            if (p.swish)
                normalise<true>(x + at, y + at, count, C, mean, mean + C, p.beta);
            else
                normalise<false>(x + at, y + at, count, C, mean, mean + C, p.beta);
        }
    }
    return LEAP_OK;
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_group_norm(leap_stream, const leap_group_norm_params* p) {
    LEAP_TRY(leap::checks::group_norm(p));
    if (p->N == 0 || p->pixels == 0 || p->C == 0) return LEAP_OK;
    return leap::with_element(p->dtype, [&]<class T>() { return leap::run<T>(*p); });
}
