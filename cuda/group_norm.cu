/* group_norm.cu: group norm of the image decoder, with swish.
 *
 * What      y = (x - mean) / sqrt(var + eps) * gamma + beta over the pixels and channels of a group, then z sigmoid(z)
 * Layouts   x, y: (N, pixels, C) dtype, channels-last; gamma, beta: (C) float32; scratch: (N, groups, chunks) Part. Moments are
 *           float32, squares of differences to a mean of the very numbers: where the mean is far from 0, nothing cancels
 * A block   takes a chunk of pixels, whole rows of them (group_norm_tiles.hpp): in the first kernel to write each group's moments
 *           into scratch, in the second to join those of all chunks and to write y
 * A warp    joins the moments of a group, always in the same order
 * A thread  keeps to one pack of up to 16 bytes of a group's channels and goes from pixel to pixel, several of them on their way at
 *           once: their mean, then their squares about it, joined with those before
 * Wants     any sizes; y may be x; scratch as the header says
 * Source    Wu and He 2018; swish: Ramachandran et al. 2017; joining: Chan et al. 1979, eq. 2.1
 *
 * Memory is the bound: x is read twice and y written once. The second kernel goes through its chunk from the end, where the first
 * has just been, and so finds a part of x in the second-level cache. Expected of an H200 (4.8 TB/s, nine tenths of them for a copy)
 * in bfloat16, not measured: 512 x 512 x 128, 201 MB, 42 to 52 us; 256 x 256 x 256, 101 MB, 19 to 27 us; 64 x 64 x 512, 13 MB, 5 to
 * 7 us, most of which it takes to start two kernels. Arithmetic is less than half of that: some 7 instructions an element to sum
 * up, 11 to write, two of them of the special function units.
 */
#include "checks.hpp"
#include "elementwise.cuh"
#include "group_norm_tiles.hpp"

namespace leap {
namespace {

using group_norm::Chunks;
using group_norm::THREADS;

struct Shape {
    int64_t pixels, C;
    int groups, channels;  // channels of one group
    int groups_per_block;
    Chunks chunks;
};

/* Of `count` numbers: mean and sum of squares about it. */
struct Moments {
    float count, mean, squares;

    __device__ __forceinline__ void join(const Moments& other) {
        const float total = count + other.count;
        const float share = other.count / total;
        const float difference = other.mean - mean;
        mean += difference * share;
        squares += other.squares + difference * (count * share) * difference;
        count = total;
    }
};

/* Moments in scratch: the count follows from the chunk. */
struct alignas(8) Part {
    float mean, squares;
};

static_assert(group_norm::MAX_CHUNKS * sizeof(Part) == LEAP_GROUP_NORM_SCRATCH, "the header's scratch holds every chunk's part");

/* ---- what a block and a thread take ---------------------------------------------------------------------------- */

/* The groups of a block (chunk, slab of groups, image). */
struct Slab {
    int first, count;  // groups

    __device__ __forceinline__ explicit Slab(const Shape& s)
        : first(int(blockIdx.y) * s.groups_per_block), count(std::min(s.groups_per_block, s.groups - first)) {}

    /* Index of the part of group g in chunk 0 of its image. */
    __device__ __forceinline__ int64_t part(const Shape& s, int g) const {
        return (int64_t(blockIdx.z) * s.groups + first + g) * s.chunks.count;
    }
};

/* The running thread's part of a block's tile: `pixels` rows of `columns` packs of V channels. */
template <int V>
struct Tile {
    int columns, pixels;
    int width;           // threads side by side in a row
    int pixels_at_once;
    int column, pixel;   // the thread's first; column == columns: it has nothing to do
    int64_t first;       // element of the tile's first pack

    __device__ __forceinline__ Tile(const Shape& s, const Slab& slab) {
        columns = slab.count * (s.channels / V);
        pixels = int(s.chunks.pixels_of(int(blockIdx.x), s.pixels));
        width = std::min(columns, int(THREADS));
        pixels_at_once = THREADS / width;
        pixel = int(threadIdx.x) / width;
        column = pixel < pixels_at_once ? int(threadIdx.x) % width : columns;
        first = (int64_t(blockIdx.z) * s.pixels + int64_t(blockIdx.x) * s.chunks.pixels) * s.C + int64_t(slab.first) * s.channels;
    }

    /* Pixels of the thread: pixel, pixel + pixels_at_once, .. */
    __device__ __forceinline__ int thread_pixels() const {
        return pixel < pixels ? (pixels - pixel - 1) / pixels_at_once + 1 : 0;
    }
};

/* to[i] = x[i] rounded to T, i < V. As words: store_floats() is taken apart here. */
template <class T, int V>
__device__ __forceinline__ void store_pack(T* to, const float (&x)[V]) {
    constexpr int WORDS = int(V * sizeof(T) / sizeof(uint32_t));
    if constexpr (WORDS == 0) {
        *to = from_float<T>(x[0]);
    } else {
        uint32_t words[WORDS];
#pragma unroll
        for (int i = 0; i < WORDS; ++i)
            if constexpr (WORDS == V) words[i] = __float_as_uint(x[i]);
            else words[i] = ptx::pack_bf16x2(x[2 * i], x[2 * i + 1]);
        ptx::store_words(to, words);
    }
}

/* Packs of one column at several pixels, all on their way before the first is used; WHOLE: all COUNT of them are there, else `left`.
 * Others repeat the last: where paths part, nvcc takes a pack apart. */
template <class T, int V, bool WHOLE>
struct Packs {
    static constexpr int COUNT = std::clamp(64 / int(V * sizeof(T)), 4, 8);

    int64_t step;  // elements from one to the next
    int left;
    float x[COUNT][V];

    __device__ __forceinline__ Packs(const T* from, int64_t step, int left) : step(step), left(left) {
#pragma unroll
        for (int k = 0; k < COUNT; ++k) {
            load_floats<V>(from, x[k]);
            if (is_there(k + 1)) from += step;
        }
    }

    __device__ __forceinline__ bool is_there(int k) const { return WHOLE || k < left; }

    /* y(i, x) of every element, i its place in its pack; pack k goes to to + k * step. */
    template <class Y>
    __device__ __forceinline__ void store(T* to, Y&& y) const {
#pragma unroll
        for (int k = 0; k < COUNT; ++k, to += step) {
            float pack[V];
#pragma unroll
            for (int i = 0; i < V; ++i) pack[i] = y(i, x[k][i]);
            if (is_there(k)) store_pack(to, pack);
        }
    }

    __device__ __forceinline__ Moments moments() const {
        float sum = 0, squares = 0;
#pragma unroll
        for (int k = 0; k < COUNT; ++k)
            if (is_there(k)) {
#pragma unroll
                for (int i = 0; i < V; ++i) sum += x[k][i];
            }
        const float count = float(V * (WHOLE ? COUNT : left));
        const float mean = sum / count;
#pragma unroll
        for (int k = 0; k < COUNT; ++k)
            if (is_there(k)) {
#pragma unroll
                for (int i = 0; i < V; ++i) squares += (x[k][i] - mean) * (x[k][i] - mean);
            }
        return {count, mean, squares};
    }
};

/* take(packs, at) for the `count` packs at x, x + step, .., COUNT at a time; `at`: elements from x to the first of them. */
template <class T, int V, class Take>
__device__ __forceinline__ void for_each_packs(const T* x, int64_t step, int count, Take&& take) {
    constexpr int COUNT = Packs<T, V, true>::COUNT;
    int64_t at = 0;
    for (; count >= COUNT; count -= COUNT, at += COUNT * step) {
        Packs<T, V, true> packs(x + at, step, COUNT);
        take(packs, at);
    }
    if (count > 0) {
        Packs<T, V, false> packs(x + at, step, count);
        take(packs, at);
    }
}

/* ---- moments ------------------------------------------------------------------------------------------------- */

/* The moments of part(0) .. part(parts - 1) together, which count `total` numbers, in every lane of a warp. */
template <class PartOf>
__device__ __forceinline__ Moments join_in_warp(int parts, float total, PartOf&& part) {
    const float shift = part(0).mean;
    float sum = 0, squares = 0;
#pragma unroll(8)
    for (int i = lane_id(); i < parts; i += WARP) {
        const Moments own = part(i);
        sum += own.count * (own.mean - shift);
    }
    const float mean = shift + reduce_warp(sum, Sum{}) / total;
#pragma unroll(8)
    for (int i = lane_id(); i < parts; i += WARP) {
        const Moments own = part(i);
        squares += own.squares + own.count * (own.mean - mean) * (own.mean - mean);
    }
    return {total, mean, reduce_warp(squares, Sum{})};
}

template <class T, int V>
__global__ void __launch_bounds__(THREADS, group_norm::BLOCKS) group_norm_parts(const T* x, Part* parts, Shape s) {
    LEAP_SHARED_ARRAY(Moments, of_threads, THREADS);  // group by group
    const Slab slab(s);
    const Tile<V> tile(s, slab);
    Moments own{0, 0, 0};
    for (int column = tile.column; column < tile.columns; column += THREADS) {  // a second one is of the same group
        const T* from = x + tile.first + tile.pixel * s.C + int64_t(column) * V;
        for_each_packs<T, V>(from, tile.pixels_at_once * s.C, tile.thread_pixels(),
                             [&](const auto& packs, int64_t) { own.join(packs.moments()); });
    }
    const int group_width = std::min(s.channels / V, int(THREADS));
    const int group_threads = tile.pixels_at_once * group_width;
    if (tile.column < tile.columns) {
        const int g = tile.column / group_width;
        of_threads[g * group_threads + tile.pixel * group_width + tile.column - g * group_width] = own;
    }
    __syncthreads();
    for (int g = warp_id(); g < slab.count; g += THREADS / WARP) {
        const Moments* threads = of_threads + g * group_threads;
        const Moments whole = join_in_warp(group_threads, float(tile.pixels) * float(s.channels), [&](int i) { return threads[i]; });
        if (lane_id() == 0) parts[slab.part(s, g) + blockIdx.x] = {whole.mean, whole.squares};
    }
}

/* ---- y --------------------------------------------------------------------------------------------------------- */

/* z sigmoid(z). An exact exponential and an exact quotient would be three times the instructions, and take as long as memory does. */
__device__ __forceinline__ float swish_of(float z) {
    return z * ptx::reciprocal_approximate(1 + ptx::exp2_approximate(z * -1.44269504f));
}

template <class T, int V>
__global__ void __launch_bounds__(THREADS, group_norm::BLOCKS)
    group_norm_write(const T* x, const Part* parts, const float* gamma, const float* beta, T* y, Shape s, float eps, bool swish) {
    LEAP_SHARED_ARRAY(float, means, THREADS);
    LEAP_SHARED_ARRAY(float, inverses, THREADS);  // 1 / deviation
    const Slab slab(s);
    for (int g = warp_id(); g < slab.count; g += THREADS / WARP) {
        const Part* chunks = parts + slab.part(s, g);
        const auto of_chunk = [&](int i) {
            const Part part = chunks[i];
            return Moments{float(s.chunks.pixels_of(i, s.pixels)) * float(s.channels), part.mean, part.squares};
        };
        const Moments whole = join_in_warp(s.chunks.count, float(s.pixels) * float(s.channels), of_chunk);
        if (lane_id() == 0) {
            means[g] = whole.mean;
            inverses[g] = 1 / sqrtf(whole.squares / whole.count + eps);
        }
    }
    __syncthreads();
    const Tile<V> tile(s, slab);
    for (int column = tile.column; column < tile.columns; column += THREADS) {
        const int g = column / (s.channels / V);
        const float mean = means[g];
        float factor[V], shift[V];
#pragma unroll
        for (int i = 0; i < V; ++i) {
            const int channel = slab.first * s.channels + column * V + i;
            factor[i] = inverses[g] * gamma[channel];
            shift[i] = beta[channel];
        }
        // From the end, where the kernel before has just been.
        const int64_t from = tile.first + (tile.pixels - 1 - tile.pixel) * s.C + int64_t(column) * V;
        for_each_packs<T, V>(x + from, -tile.pixels_at_once * s.C, tile.thread_pixels(), [&](const auto& packs, int64_t at) {
            packs.store(y + from + at, [&](int i, float element) {
                const float z = (element - mean) * factor[i] + shift[i];
                return swish ? swish_of(z) : z;
            });
        });
    }
}

/* ---- launcher --------------------------------------------------------------------------------------------------- */

template <class T, int V>
leap_status launch_packs(leap_stream stream, const leap_group_norm_params& p) {
    const int channels = int(p.C / p.groups);
    const Shape shape{p.pixels, p.C, int(p.groups), channels, group_norm::groups_per_block(channels / V, p.groups),
                      group_norm::cut_pixels(p.pixels, p.C)};
    const int64_t slabs = ceil_div<int64_t>(p.groups, shape.groups_per_block);
    LEAP_REQUIRE(slabs <= 65535, LEAP_BAD_SHAPE, "group_norm: groups=%lld are too many for one call", (long long)p.groups);
    const LaunchShape grid{stream, {unsigned(shape.chunks.count), unsigned(slabs), unsigned(p.N)}, {THREADS}};
    const T* x = static_cast<const T*>(p.x);
    Part* parts = static_cast<Part*>(p.scratch);
    LEAP_TRY((launch<group_norm_parts<T, V>>(grid, x, parts, shape)));
    return launch<group_norm_write<T, V>>(grid, x, parts, p.gamma, p.beta, static_cast<T*>(p.y), shape, p.eps, p.swish != 0);
}

/* By the widest pack that the group's channels and the pointers allow. */
template <class T>
leap_status run(leap_stream stream, const leap_group_norm_params& p) {
    const auto fits = [&](int n) { return fits_packs(n, p.C / p.groups, {{p.x, sizeof(T), p.C}, {p.y, sizeof(T), p.C}}); };
    if constexpr (widest_pack(sizeof(T)) == 8)
        if (fits(8)) return launch_packs<T, 8>(stream, p);
    if (fits(4)) return launch_packs<T, 4>(stream, p);
    if (fits(2)) return launch_packs<T, 2>(stream, p);
    return launch_packs<T, 1>(stream, p);
}

leap_status check_scratch(const leap_group_norm_params& p) {
    const int64_t wanted = p.N * p.groups * LEAP_GROUP_NORM_SCRATCH;
    LEAP_REQUIRE(p.scratch && p.scratch_bytes >= wanted, LEAP_BAD_ARGUMENT,
                 "group_norm: scratch_bytes=%lld at %p, wanted %lld for N=%lld and groups=%lld", (long long)p.scratch_bytes, p.scratch,
                 (long long)wanted, (long long)p.N, (long long)p.groups);
    LEAP_REQUIRE(is_aligned(p.scratch, 16), LEAP_BAD_ARGUMENT, "group_norm: scratch=%p is not aligned to 16 bytes", p.scratch);
    return LEAP_OK;
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_group_norm(leap_stream stream, const leap_group_norm_params* p) {
    using namespace leap;
    LEAP_TRY(checks::group_norm(p));
    if (p->N == 0 || p->pixels == 0 || p->C == 0) return LEAP_OK;
    LEAP_REQUIRE(p->N <= 65535 && p->pixels <= INT32_MAX && p->C <= INT32_MAX, LEAP_BAD_SHAPE,
                 "group_norm: N=%lld, pixels=%lld or C=%lld is too much for one call", (long long)p->N, (long long)p->pixels,
                 (long long)p->C);
    LEAP_TRY(check_scratch(*p));
    return p->dtype == LEAP_F32 ? run<float>(stream, *p) : run<bf16>(stream, *p);
}
