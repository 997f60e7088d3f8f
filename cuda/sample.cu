/* sample.cu: guidance, bias, softmax, draw and confidence of the masked rows, in one read of the logits.
 *
 * What      logits = (1 + w) conditional - w unconditional + bias[p],  p = positions[b][j]
 *           code = draw(draw_scale * logits);  probability = softmax(confidence_scale * logits)[code]
 *           inverse CDF:  code = #{v : cdf(v) < u cdf(V-1)}      Gumbel-max:  code = argmax_v(draw_scale logits[v] + G(u_v))
 *           argmax:       code = argmax_v logits[v]              G(u) = -ln(-ln u); the first maximum wins
 *           confidence = ln max(probability, 1e-20) + confidence_noise * G(u'), or probability, or u'
 * Layouts   logits: (B, sequences_per_image, row_capacity, V) dtype; bias: rows of V float32; sampled, confidence: (B, tokens), by row
 *           Logits, exponentials, noise and scalars are float32 (or rounded to bfloat16 one by one: sample_arithmetic.cuh); the cdf
 *           over packs of four and its total float64
 * A block   takes one row, whole in registers (sample_tiles.hpp): packs k of thread t are the codes 4 (k THREADS + t) .. + 3,
 *           one Philox counter each. Rows from step->masked on end at once
 * Wants     finite scales >= 0, 1 <= V <= MAX_SAMPLED_CODES; a row whose logits are not all finite, or whose position is not
 *           on the grid, gets code 0 and confidence -infinity
 * Source    Chang et al. 2022 (MaskGIT), section 3.2; guidance: Ho and Salimans 2022; Gumbel-max: Maddison et al. 2014
 */
#include <algorithm>
#include <cfloat>

#include "checks.hpp"
#include "elementwise.cuh"
#include "philox.cuh"
#include "sample_arithmetic.cuh"
#include "sample_tiles.hpp"

namespace leap {
namespace {

/* LEAP_DRAW_GUMBEL_MAX from recorded uniforms, for tests: their float64 logarithms are a kernel of their own, for they would
 * take the other's registers. */
constexpr int RECORDED_GUMBEL_MAX = -1;

/* A pack as it lies in memory, in whole registers: where paths meet, nvcc takes smaller members apart, and so waits for each load
 * before the next one. */
template <class T>
struct RawPack;

template <>
struct alignas(16) RawPack<float> {
    float elements[ROW_PACK] = {};

    __device__ __forceinline__ float get(int i) const { return elements[i]; }
    __device__ __forceinline__ void set(int i, float element) { elements[i] = element; }
};

template <>
struct alignas(8) RawPack<bf16> {
    uint32_t pairs[ROW_PACK / 2] = {};

    __device__ __forceinline__ float get(int i) const {
        return __uint_as_float(i % 2 == 0 ? pairs[i / 2] << 16 : pairs[i / 2] & 0xFFFF0000u);
    }
    __device__ __forceinline__ void set(int i, bf16 element) { pairs[i / 2] |= uint32_t(element.bits) << i % 2 * 16; }
};

/* One row in the registers of its block. */
template <class Arithmetic, int THREADS, int PACKS>
struct SampledRow {
    static constexpr int WARPS = THREADS / WARP;

    const leap_sample_params& p;
    const leap_step step;
    const int64_t b, j;
    const int V;
    int position;
    float x[PACKS][ROW_PACK];  // -infinity beyond V, from maximum() on

    __device__ __forceinline__ SampledRow(const leap_sample_params& p, const leap_step& step, int64_t b, int64_t j)
        : p(p), step(step), b(b), j(j), V(int(p.V)) {}

    static __device__ __forceinline__ int first_code(int k) { return (k * THREADS + int(threadIdx.x)) * ROW_PACK; }

    /* visit(code, element) for the elements of the running thread, those beyond V included. */
    template <class Visit>
    __device__ __forceinline__ void for_each(Visit&& visit) {
#pragma unroll
        for (int k = 0; k < PACKS; ++k)
#pragma unroll
            for (int i = 0; i < ROW_PACK; ++i) visit(first_code(k) + i, x[k][i]);
    }

    /* to = the running thread's packs of the V elements at `from`; beyond V 0, or some of these once more. */
    template <class T>
    __device__ __forceinline__ void load(const T* from, bool packs_fit, RawPack<T> (&to)[PACKS]) const {
        if (packs_fit) {
#pragma unroll
            for (int k = 0; k < PACKS; ++k) {
                const int code = std::min(first_code(k), V - ROW_PACK);
                to[k] = *reinterpret_cast<const RawPack<T>*>(from + code);
            }
            return;
        }
#pragma unroll
        for (int k = 0; k < PACKS; ++k)
#pragma unroll
            for (int i = 0; i < ROW_PACK; ++i)
                if (first_code(k) + i < V) to[k].set(i, from[first_code(k) + i]);
    }

    /* x = guided logits with bias; false where the row is not on the grid. Both rows are on their way before either is used, or
     * the position is waited for. */
    template <class T>
    __device__ __forceinline__ bool combine(bool packs_fit) {
        const T* first = static_cast<const T*>(p.logits) + (b * p.sequences_per_image * p.row_capacity + j) * p.V;
        RawPack<T> conditional[PACKS], unconditional[PACKS];
        load(first, packs_fit, conditional);
        if (p.sequences_per_image == 2) load(first + p.row_capacity * p.V, packs_fit, unconditional);
        position = p.positions[b * p.tokens + j];
        if (position < 0 || position >= p.tokens) return false;
#pragma unroll
        for (int k = 0; k < PACKS; ++k)
#pragma unroll
            for (int i = 0; i < ROW_PACK; ++i) x[k][i] = conditional[k].get(i);
        if (p.sequences_per_image == 2) {
            const float w = step.guidance;
#pragma unroll
            for (int k = 0; k < PACKS; ++k)
#pragma unroll
                for (int i = 0; i < ROW_PACK; ++i)
                    x[k][i] = Arithmetic::round(Arithmetic::round((1.0f + w) * x[k][i]) -
                                                Arithmetic::round(w * unconditional[k].get(i)));
        }
        if (p.bias) {
            RawPack<float> bias[PACKS];
            load(p.bias + position * p.bias_stride, packs_fit, bias);
#pragma unroll
            for (int k = 0; k < PACKS; ++k)
#pragma unroll
                for (int i = 0; i < ROW_PACK; ++i) x[k][i] = Arithmetic::round(x[k][i] + bias[k].get(i));
        }
        return true;
    }

    /* The maximum over the row; NaN where an element is not finite. Elements beyond V become -infinity. */
    __device__ __forceinline__ float maximum(float* scratch) {
        float zero = 0;  // NaN from the first product with an element that is not finite on
        for_each([&](int, float element) { zero = fmaf(element, 0.0f, zero); });
        if (V < THREADS * PACKS * ROW_PACK)
            for_each([&](int code, float& element) {
                if (code >= V) element = -INFINITY;
            });
        float largest = -INFINITY;
        for_each([&](int, float element) { largest = fmaxf(largest, element); });
        return reduce_block<THREADS>(zero == 0 ? largest : NAN, Max{}, scratch);
    }

    /* exp(scale * (element - maximum)); 0 beyond V. */
    static __device__ __forceinline__ float weight(float element, float maximum, float scale) {
        const float binary_scale = fminf(scale * 1.44269504f, FLT_MAX);
        const float weight = ptx::exp2_approximate((element - maximum) * binary_scale);
        return element == -INFINITY ? 0.0f : weight;
    }

    /* The sum of a pack's weights, of at most 1 each. */
    static __device__ __forceinline__ float pack_weight(const float (&pack)[ROW_PACK], float maximum, float scale) {
        float sum = 0;
#pragma unroll
        for (int i = 0; i < ROW_PACK; ++i) sum += weight(pack[i], maximum, scale);
        return sum;
    }

    /* The running thread's part of the sum of all weights. */
    __device__ __forceinline__ double own_total(float maximum, float scale) const {
        double total = 0;
#pragma unroll
        for (int k = 0; k < PACKS; ++k) total += pack_weight(x[k], maximum, scale);
        return total;
    }

    __device__ __forceinline__ PhiloxStream stream(uint32_t purpose) const {
        return {p.seeds ? p.seeds[b] : 0, uint32_t(position), uint32_t(step.index), purpose};
    }

    __device__ __forceinline__ double draw_uniform() const {
        return p.u_draw ? p.u_draw[b * p.tokens + position] : philox_uniform(stream(LEAP_PURPOSE_DRAW), 0);
    }

    __device__ __forceinline__ double confidence_uniform() const {
        return p.u_confidence ? p.u_confidence[b * p.tokens + position]
                              : philox_uniform(stream(LEAP_PURPOSE_CONFIDENCE), 0);
    }

    __device__ __forceinline__ void write(int code, float confidence) const {
        p.sampled[b * p.tokens + j] = code;
        p.confidence[b * p.tokens + j] = confidence;
    }

    __device__ __forceinline__ float confidence_gumbel() const {
        return p.u_confidence ? float(Arithmetic::exact_gumbel(confidence_uniform()))
                              : Arithmetic::gumbel(Arithmetic::uniform(confidence_uniform()));
    }

    /* What the thread that holds the drawn code does; total: of the weights at confidence_scale. */
    __device__ __forceinline__ void finish(int code, float element, float maximum, double total) const {
        if (step.confidence == LEAP_CONFIDENCE_UNIFORM) return write(code, Arithmetic::uniform(confidence_uniform()));
        const float logit = step.confidence_scale * (element - maximum);
        if (step.confidence == LEAP_CONFIDENCE_PROBABILITY)
            return write(code, Arithmetic::round(expf(logit) / float(total)));
        float confidence = Arithmetic::log_probability(logit, float(total));
        if (step.confidence_noise != 0)
            confidence = Arithmetic::round(confidence + Arithmetic::round(step.confidence_noise * confidence_gumbel()));
        write(code, confidence);
    }
};

/* ---- the inverse of the cumulative distribution ---------------------------------------------------------------- */

/* Inclusive sums over the lanes of a warp. */
__device__ __forceinline__ double scan_warp(double value) {
#pragma unroll
    for (int offset = 1; offset < WARP; offset *= 2) {
        const double below = __shfl_up_sync(ALL_LANES, value, offset);
        if (lane_id() >= offset) value += below;
    }
    return value;
}

/* The first lane up to `last` whose `reached` holds, else `last`. */
__device__ __forceinline__ int first_lane(bool reached, int last) {
    return __ffs(int(__ballot_sync(ALL_LANES, reached || lane_id() == last))) - 1;
}

/* Codes in order are packs k, then warps, then lanes, then elements: the segment (k, warp) in which the cdf reaches u * total is
 * found from the segments' sums, the rest within the one warp that holds it. */
template <class Row, int THREADS, int PACKS>
__device__ __forceinline__ void draw_inverse_cdf(Row& row, float maximum, double* segments, double* confidence_scratch) {
    constexpr int WARPS = Row::WARPS;
    constexpr int SEGMENTS = PACKS * WARPS;
    constexpr int PER_LANE = (SEGMENTS + WARP - 1) / WARP;
    const leap_step& step = row.step;

    float pack_sums[PACKS];
#pragma unroll
    for (int k = 0; k < PACKS; ++k) {
        pack_sums[k] = row.pack_weight(row.x[k], maximum, step.draw_scale);
        const double segment = reduce_warp(double(pack_sums[k]), Sum{});
        if (lane_id() == 0) segments[k * WARPS + warp_id()] = segment;
    }
    __syncthreads();

    // Every warp finds the segment by itself.
    double own[PER_LANE], lane_sum = 0;
#pragma unroll
    for (int i = 0; i < PER_LANE; ++i) {
        const int segment = lane_id() * PER_LANE + i;
        own[i] = segment < SEGMENTS ? segments[segment] : 0.0;
        lane_sum += own[i];
    }
    const double up_to_lane = scan_warp(lane_sum);
    const double total = __shfl_sync(ALL_LANES, up_to_lane, WARP - 1);
    const double target = row.draw_uniform() * total;
    // Sums in another order may end below the target, which then is the last code's.
    const int last_pack = (row.V - 1) / ROW_PACK, last_segment = last_pack / WARP;
    double before = up_to_lane - lane_sum;
    int segment = lane_id() * PER_LANE;
#pragma unroll
    for (int i = 0; i < PER_LANE - 1; ++i)
        if (before + own[i] < target && segment == lane_id() * PER_LANE + i && segment < last_segment) {
            before += own[i];
            ++segment;
        }
    const int found = first_lane(!(up_to_lane < target), last_segment / PER_LANE);
    segment = __shfl_sync(ALL_LANES, segment, found);
    before = __shfl_sync(ALL_LANES, before, found);

    double confidence_total = total;
    if (step.confidence != LEAP_CONFIDENCE_UNIFORM && step.confidence_scale != step.draw_scale)
        confidence_total = reduce_block<THREADS>(row.own_total(maximum, step.confidence_scale), Sum{}, confidence_scratch);

    if (warp_id() != segment % WARPS) return;
    const int wanted = segment / WARPS;
    float pack_sum = pack_sums[0];
    float pack[ROW_PACK];
#pragma unroll
    for (int i = 0; i < ROW_PACK; ++i) pack[i] = row.x[0][i];
#pragma unroll
    for (int k = 1; k < PACKS; ++k) {  // selections: an index would put the row into memory
        pack_sum = k == wanted ? pack_sums[k] : pack_sum;
#pragma unroll
        for (int i = 0; i < ROW_PACK; ++i) pack[i] = k == wanted ? row.x[k][i] : pack[i];
    }
    const double up_to_pack = before + scan_warp(double(pack_sum));
    const int last_lane = segment == last_segment ? last_pack % WARP : WARP - 1;
    if (lane_id() != first_lane(!(up_to_pack < target), last_lane)) return;
    const double below_pack = up_to_pack - pack_sum;
    float cdf = 0;  // within the pack, in the order of its sum
    int code = Row::first_code(wanted);
    float element = pack[0];
#pragma unroll
    for (int i = 0; i < ROW_PACK - 1; ++i) {
        cdf += row.weight(pack[i], maximum, step.draw_scale);
        if (below_pack + cdf < target && code == Row::first_code(wanted) + i && code + 1 < row.V) {
            ++code;
            element = pack[i + 1];
        }
    }
    row.finish(code, element, maximum, confidence_total);
}

/* ---- the largest score ---------------------------------------------------------------------------------------------- */

/* Larger for larger scores, and for the lower of two codes with the same score. */
__device__ __forceinline__ uint64_t score_key(float score, int code) {
    const uint32_t bits = __float_as_uint(score + 0.0f);  // -0 becomes 0
    const uint32_t ordered = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
    return uint64_t(ordered) << 32 | uint32_t(~code);
}

struct MaxKey {
    __device__ __forceinline__ uint64_t operator()(uint64_t a, uint64_t b) const { return a > b ? a : b; }
};

/* The key of the largest score = draw_scale * element + Gumbel among the running thread's codes. */
template <class Arithmetic, bool RECORDED, class Row, int PACKS>
__device__ __forceinline__ uint64_t best_of_gumbel(Row& row) {
    const leap_sample_params& p = row.p;
    const PhiloxStream stream = row.stream(LEAP_PURPOSE_DRAW);
    const double* recorded = RECORDED ? p.u_draw + (row.b * p.row_capacity + row.j) * p.V : nullptr;
    if (Row::first_code(0) >= row.V) return 0;
    float best = -INFINITY;
    int best_code = Row::first_code(0);  // codes ascend, so the first maximum stays
#pragma unroll
    for (int k = 0; k < PACKS; ++k) {
        const int first = Row::first_code(k);
        if (first >= row.V) continue;
        const PhiloxWords words = philox4x32_10(stream, uint32_t(first) / 4);
#pragma unroll
        for (int i = 0; i < ROW_PACK; ++i) {
            const bool exists = first + i < row.V;
            float noise = 0;
            if constexpr (RECORDED) noise = exists ? float(Arithmetic::exact_gumbel(recorded[first + i])) : 0;
            else noise = Arithmetic::gumbel(Arithmetic::uniform(philox_to_uniform(words.at[i])));
            const float score = Arithmetic::round(Arithmetic::round(row.x[k][i] * row.step.draw_scale) + noise);
            if (exists && score > best) {
                best = score;
                best_code = first + i;
            }
        }
    }
    return score_key(best, best_code);
}

/* Gumbel-max and argmax. */
template <class Arithmetic, int DRAW, class Row, int THREADS, int PACKS>
__device__ __forceinline__ void draw_largest(Row& row, float maximum, uint64_t* keys, double* totals) {
    uint64_t best = 0;
    if constexpr (DRAW != LEAP_DRAW_ARGMAX) best = best_of_gumbel<Arithmetic, DRAW == RECORDED_GUMBEL_MAX, Row, PACKS>(row);
    else
        row.for_each([&](int code, float element) {
            if (code < row.V) best = MaxKey{}(best, score_key(element, code));
        });
    const bool wants_total = row.step.confidence != LEAP_CONFIDENCE_UNIFORM;
    double total = wants_total ? row.own_total(maximum, row.step.confidence_scale) : 0.0;
    best = reduce_warp(best, MaxKey{});
    total = reduce_warp(total, Sum{});
    if (lane_id() == 0) {
        keys[warp_id()] = best;
        totals[warp_id()] = total;
    }
    __syncthreads();
    const bool has_part = lane_id() < Row::WARPS;
    best = reduce_warp(has_part ? keys[lane_id()] : uint64_t(0), MaxKey{});
    total = reduce_warp(has_part ? totals[lane_id()] : 0.0, Sum{});
    const int code = int(~uint32_t(best));
    if (code / ROW_PACK % THREADS != int(threadIdx.x)) return;
    float drawn = 0;
    row.for_each([&](int own, float element) {
        if (own == code) drawn = element;
    });
    row.finish(code, drawn, maximum, total);
}

/* The logarithms of recorded uniforms take registers, and are for tests. */
constexpr int blocks_at_once(int draw, int tile) { return draw == RECORDED_GUMBEL_MAX ? 1 : SAMPLE_TILES[tile].blocks; }

/* ---- kernel ------------------------------------------------------------------------------------------------------------ */

template <class Arithmetic, int DRAW, int TILE>
__global__ void __launch_bounds__(SAMPLE_TILES[TILE].threads, blocks_at_once(DRAW, TILE))
    sample_kernel(leap_sample_params p, bool packs_fit) {
    constexpr int THREADS = SAMPLE_TILES[TILE].threads, PACKS = SAMPLE_TILES[TILE].packs;
    using Row = SampledRow<Arithmetic, THREADS, PACKS>;
    LEAP_SHARED_ARRAY(float, maxima, Row::WARPS);
    LEAP_SHARED_ARRAY(double, sums, Row::WARPS * PACKS);
    const int64_t b = blockIdx.y, j = blockIdx.x;
    const leap_step step = *p.step;
    if (j >= step.masked || j >= p.tokens) return;

    Row row(p, step, b, j);
    const bool on_grid =
        p.logits_dtype == LEAP_F32 ? row.template combine<float>(packs_fit) : row.template combine<bf16>(packs_fit);
    const float maximum = on_grid ? row.maximum(maxima) : NAN;
    if (!is_finite(maximum)) {
        if (threadIdx.x == 0) row.write(0, -INFINITY);
        return;
    }
    if constexpr (DRAW == LEAP_DRAW_INVERSE_CDF) {
        LEAP_SHARED_ARRAY(double, confidence_sums, Row::WARPS);
        draw_inverse_cdf<Row, THREADS, PACKS>(row, maximum, sums, confidence_sums);
    } else {
        LEAP_SHARED_ARRAY(uint64_t, keys, Row::WARPS);
        draw_largest<Arithmetic, DRAW, Row, THREADS, PACKS>(row, maximum, keys, sums);
    }
}

template <class Arithmetic, int DRAW>
leap_status run(leap_stream stream, const leap_sample_params& p) {
    const std::size_t bytes = p.logits_dtype == LEAP_F32 ? sizeof(float) : sizeof(bf16);
    const bool packs_fit =
        fits_packs(ROW_PACK, p.V, {{p.logits, bytes, p.V}, {p.bias, sizeof(float), p.bias_stride}});
    const int tile = sample_tile(p.V);
    LEAP_REQUIRE(tile >= 0, LEAP_BAD_SHAPE, "sample: V=%lld codes do not fit the registers of a block (at most %lld)",
                 (long long)p.V, (long long)MAX_SAMPLED_CODES);
    LEAP_REQUIRE(p.images <= 65535 && p.row_capacity <= MAX_GRID_X, LEAP_BAD_SHAPE,
                 "sample: images=%lld and row_capacity=%lld are too many for one call", (long long)p.images,
                 (long long)p.row_capacity);
    const LaunchShape shape{stream, {unsigned(p.row_capacity), unsigned(p.images)}, {unsigned(SAMPLE_TILES[tile].threads)}};
    switch (tile) {
        case 0: return launch<sample_kernel<Arithmetic, DRAW, 0>>(shape, p, packs_fit);
        case 1: return launch<sample_kernel<Arithmetic, DRAW, 1>>(shape, p, packs_fit);
        case 2: return launch<sample_kernel<Arithmetic, DRAW, 2>>(shape, p, packs_fit);
        default: return launch<sample_kernel<Arithmetic, DRAW, 3>>(shape, p, packs_fit);
    }
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_sample(leap_stream stream, const leap_sample_params* p) {
    using namespace leap;
    LEAP_TRY(checks::sample(p));
    if (p->images == 0 || p->tokens == 0 || p->row_capacity == 0) return LEAP_OK;
    switch (p->draw) {
        case LEAP_DRAW_INVERSE_CDF: return run<Float32Arithmetic, LEAP_DRAW_INVERSE_CDF>(stream, *p);
        case LEAP_DRAW_ARGMAX: return run<Float32Arithmetic, LEAP_DRAW_ARGMAX>(stream, *p);
        default:
            if (p->noise_dtype == LEAP_BF16)
                return p->u_draw ? run<Bf16Arithmetic, RECORDED_GUMBEL_MAX>(stream, *p)
                                 : run<Bf16Arithmetic, LEAP_DRAW_GUMBEL_MAX>(stream, *p);
            return p->u_draw ? run<Float32Arithmetic, RECORDED_GUMBEL_MAX>(stream, *p)
                             : run<Float32Arithmetic, LEAP_DRAW_GUMBEL_MAX>(stream, *p);
    }
}
