/* sample.cu: guidance, bias, softmax, draw and confidence of the masked rows, in one read of the logits.
 *
 * What      logits = (1 + w) conditional - w unconditional + bias[p],  p = positions[b][j]
 *           code = draw(draw_scale * logits);  probability = softmax(confidence_scale * logits)[code]
 *           inverse CDF:  code = #{v : cdf(v) < u cdf(V-1)}      Gumbel-max:  code = argmax_v(draw_scale logits[v] + G(u_v))
 *           argmax:       code = argmax_v logits[v]              G(u) = -ln(-ln u); the first maximum wins
 *           confidence = ln max(probability, 1e-20) + confidence_noise * G(u'), or probability, or u'
 * Layouts   logits: (B, guided, row_capacity, V) dtype; bias: rows of V float32; sampled, confidence: (B, tokens), by row
 *           Logits, exponentials and noise are float32 (or rounded to bfloat16 one by one: sample_arithmetic.cuh); the cdf,
 *           its total and all scalars float64
 * A block   takes one row, whole in registers (sample_tiles.hpp): packs k of thread t are the codes 4 (k THREADS + t) .. + 3,
 *           one Philox counter each. Rows from step->masked on end at once
 * Wants     finite scales >= 0, 1 <= V <= MAX_SAMPLED_CODES; a row whose logits are not all finite, or whose position is not
 *           on the grid, gets code 0 and confidence -infinity
 * Source    Chang et al. 2022 (MaskGIT), section 3.2; guidance: Ho and Salimans 2022; Gumbel-max: Maddison et al. 2014
 */
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

/* The thread that holds the drawn code leaves this in shared memory: the scalars that follow need no part of the row. */
struct Drawn {
    double total;   // of the weights at confidence_scale
    float element;  // the drawn code's logit
    int code;
};

/* One row in the registers of its block. */
template <class Arithmetic, int THREADS, int PACKS>
struct SampledRow {
    static constexpr int WARPS = THREADS / WARP;

    const leap_sample_params& p;
    const leap_step step;
    const int64_t b, j;
    int64_t position;
    float x[PACKS][ROW_PACK];  // -infinity beyond V

    __device__ __forceinline__ SampledRow(const leap_sample_params& p, const leap_step& step, int64_t b, int64_t j)
        : p(p), step(step), b(b), j(j), position(p.positions[b * p.tokens + j]) {}

    static __device__ __forceinline__ int first_code(int k) { return (k * THREADS + int(threadIdx.x)) * ROW_PACK; }

    /* visit(code, element) for the elements of the running thread, those beyond V included. */
    template <class Visit>
    __device__ __forceinline__ void for_each(Visit&& visit) {
#pragma unroll
        for (int k = 0; k < PACKS; ++k)
#pragma unroll
            for (int i = 0; i < ROW_PACK; ++i) visit(first_code(k) + i, x[k][i]);
    }

    /* to = the running thread's elements of the V at `from`; 0 beyond. */
    template <class T>
    __device__ __forceinline__ void load(const T* from, bool packs_fit, float (&to)[PACKS][ROW_PACK]) const {
#pragma unroll
        for (int k = 0; k < PACKS; ++k) {
            const int code = first_code(k);
            if (packs_fit && code < p.V) {
                load_floats<ROW_PACK>(from + code, to[k]);
            } else {
#pragma unroll
                for (int i = 0; i < ROW_PACK; ++i) to[k][i] = code + i < p.V ? to_float(from[code + i]) : 0.0f;
            }
        }
    }

    /* x = guided logits with bias. Both rows are on their way before either is used. */
    template <class T>
    __device__ __forceinline__ void combine(bool packs_fit) {
        const T* conditional = static_cast<const T*>(p.logits) + (b * p.guided * p.row_capacity + j) * p.V;
        load(conditional, packs_fit, x);
        if (p.guided == 2) {
            float unconditional[PACKS][ROW_PACK];
            load(conditional + p.row_capacity * p.V, packs_fit, unconditional);
            const float w = step.guidance;
#pragma unroll
            for (int k = 0; k < PACKS; ++k)
#pragma unroll
                for (int i = 0; i < ROW_PACK; ++i)
                    x[k][i] = Arithmetic::round(Arithmetic::round((1.0f + w) * x[k][i]) -
                                                Arithmetic::round(w * unconditional[k][i]));
        }
        if (p.bias) {
            float bias[PACKS][ROW_PACK];
            load(p.bias + position * p.bias_stride, packs_fit, bias);
#pragma unroll
            for (int k = 0; k < PACKS; ++k)
#pragma unroll
                for (int i = 0; i < ROW_PACK; ++i) x[k][i] = Arithmetic::round(x[k][i] + bias[k][i]);
        }
        for_each([&](int code, float& element) {
            if (code >= p.V) element = -INFINITY;
        });
    }

    /* The maximum over the row; NaN where an element is not finite. */
    __device__ __forceinline__ float maximum(float* scratch) {
        float largest = -INFINITY;
        for_each([&](int code, float element) {
            if (code < p.V) largest = Max{}(largest, is_finite(element) ? element : NAN);
        });
        return reduce_block<THREADS>(largest, Max{}, scratch);
    }

    /* exp(scale * (element - maximum)); 0 beyond V. */
    __device__ __forceinline__ float weight(float element, float maximum, float scale) const {
        return element == -INFINITY ? 0.0f : expf((element - maximum) * scale);
    }

    /* The running thread's part of the sum of all weights. */
    __device__ __forceinline__ double own_total(float maximum, float scale) {
        double total = 0;
#pragma unroll
        for (int k = 0; k < PACKS; ++k) {
            float sum = 0;  // four weights of at most 1
#pragma unroll
            for (int i = 0; i < ROW_PACK; ++i) sum += weight(x[k][i], maximum, scale);
            total += sum;
        }
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

    /* What one thread does when the code is known. */
    __device__ __forceinline__ void finish(const Drawn& drawn, float maximum) const {
        if (step.confidence == LEAP_CONFIDENCE_UNIFORM)
            return write(drawn.code, Arithmetic::uniform(confidence_uniform()));
        const double probability =
            exp(double(step.confidence_scale) * (double(drawn.element) - double(maximum))) / drawn.total;
        if (step.confidence == LEAP_CONFIDENCE_PROBABILITY)
            return write(drawn.code, Arithmetic::round(float(probability)));
        write(drawn.code,
              Arithmetic::log_confidence(probability, step.confidence_noise, [&] { return confidence_uniform(); }));
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
__device__ __forceinline__ void draw_inverse_cdf(Row& row, float maximum, double* segments, double* confidence_scratch,
                                                Drawn* drawn) {
    constexpr int WARPS = Row::WARPS;
    constexpr int SEGMENTS = PACKS * WARPS;
    constexpr int PER_LANE = (SEGMENTS + WARP - 1) / WARP;
    const leap_step& step = row.step;

    double pack_sums[PACKS];
#pragma unroll
    for (int k = 0; k < PACKS; ++k) {
        double sum = 0;
#pragma unroll
        for (int i = 0; i < ROW_PACK; ++i) sum += row.weight(row.x[k][i], maximum, step.draw_scale);
        pack_sums[k] = sum;
        const double segment = reduce_warp(sum, Sum{});
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
    const int last_pack = int(row.p.V - 1) / ROW_PACK, last_segment = last_pack / THREADS * WARPS + last_pack % THREADS / WARP;
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
    double pack_sum = pack_sums[0];
    float pack[ROW_PACK];
#pragma unroll
    for (int i = 0; i < ROW_PACK; ++i) pack[i] = row.x[0][i];
#pragma unroll
    for (int k = 1; k < PACKS; ++k) {  // selections: an index would put the row into memory
        pack_sum = k == wanted ? pack_sums[k] : pack_sum;
#pragma unroll
        for (int i = 0; i < ROW_PACK; ++i) pack[i] = k == wanted ? row.x[k][i] : pack[i];
    }
    const double up_to_pack = before + scan_warp(pack_sum);
    const int last_lane = segment == last_segment ? last_pack % WARP : WARP - 1;
    if (lane_id() != first_lane(!(up_to_pack < target), last_lane)) return;
    double cdf = up_to_pack - pack_sum;
    int code = Row::first_code(wanted);
    float element = pack[0];
#pragma unroll
    for (int i = 0; i < ROW_PACK - 1; ++i) {
        cdf += row.weight(pack[i], maximum, step.draw_scale);
        if (cdf < target && code == Row::first_code(wanted) + i && code + 1 < row.p.V) {
            ++code;
            element = pack[i + 1];
        }
    }
    *drawn = {confidence_total, element, code};
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
    float best = -INFINITY;
    int best_code = -1;  // codes ascend, so the first maximum stays
#pragma unroll
    for (int k = 0; k < PACKS; ++k) {
        const int first = Row::first_code(k);
        if (first >= p.V) continue;
        const PhiloxWords words = philox4x32_10(stream, uint32_t(first) / 4);
#pragma unroll
        for (int i = 0; i < ROW_PACK; ++i) {
            if (first + i >= p.V) continue;
            const float noise = RECORDED ? float(Arithmetic::exact_gumbel(recorded[first + i]))
                                         : Arithmetic::gumbel(Arithmetic::uniform(philox_to_uniform(words.at[i])));
            const float score = Arithmetic::round(Arithmetic::round(row.x[k][i] * row.step.draw_scale) + noise);
            if (score > best || best_code < 0) {
                best = score;
                best_code = first + i;
            }
        }
    }
    return best_code < 0 ? 0 : score_key(best, best_code);
}

/* Gumbel-max and argmax. */
template <class Arithmetic, int DRAW, class Row, int THREADS, int PACKS>
__device__ __forceinline__ void draw_largest(Row& row, float maximum, uint64_t* keys, double* totals, Drawn* drawn) {
    uint64_t best = 0;
    if constexpr (DRAW != LEAP_DRAW_ARGMAX) best = best_of_gumbel<Arithmetic, DRAW == RECORDED_GUMBEL_MAX, Row, PACKS>(row);
    else
        row.for_each([&](int code, float element) {
            if (code < row.p.V) best = MaxKey{}(best, score_key(element, code));
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
    row.for_each([&](int own, float element) {
        if (own == code) *drawn = {total, element, code};
    });
}

/* Noise takes registers, and time in which memory can wait: with it fewer blocks are enough. */
constexpr int blocks_at_once(int draw, int tile) {
    const int blocks = SAMPLE_TILES[tile].blocks;
    if (draw == RECORDED_GUMBEL_MAX) return 1;
    return draw == LEAP_DRAW_GUMBEL_MAX && blocks > 1 ? blocks * 3 / 4 : blocks;
}

/* ---- kernel ------------------------------------------------------------------------------------------------------------ */

template <class Arithmetic, int DRAW, int TILE>
__global__ void __launch_bounds__(SAMPLE_TILES[TILE].threads, blocks_at_once(DRAW, TILE))
    sample_kernel(leap_sample_params p, bool packs_fit) {
    constexpr int THREADS = SAMPLE_TILES[TILE].threads, PACKS = SAMPLE_TILES[TILE].packs;
    using Row = SampledRow<Arithmetic, THREADS, PACKS>;
    LEAP_SHARED_ARRAY(float, maxima, Row::WARPS);
    LEAP_SHARED_ARRAY(double, sums, Row::WARPS * PACKS);
    LEAP_SHARED_ARRAY(Drawn, drawn, 1);
    const int64_t b = blockIdx.x / p.row_capacity, j = blockIdx.x % p.row_capacity;
    const leap_step step = *p.step;
    if (j >= step.masked || j >= p.tokens) return;

    Row row(p, step, b, j);
    const bool on_grid = row.position >= 0 && row.position < p.tokens;
    float maximum = NAN;
    if (on_grid) {
        if (p.logits_dtype == LEAP_F32) row.template combine<float>(packs_fit);
        else row.template combine<bf16>(packs_fit);
        maximum = row.maximum(maxima);
    }
    if (!is_finite(maximum)) {
        if (threadIdx.x == 0) row.write(0, -INFINITY);
        return;
    }
    if constexpr (DRAW == LEAP_DRAW_INVERSE_CDF) {
        LEAP_SHARED_ARRAY(double, confidence_sums, Row::WARPS);
        draw_inverse_cdf<Row, THREADS, PACKS>(row, maximum, sums, confidence_sums, drawn);
    } else {
        LEAP_SHARED_ARRAY(uint64_t, keys, Row::WARPS);
        draw_largest<Arithmetic, DRAW, Row, THREADS, PACKS>(row, maximum, keys, sums, drawn);
    }
    __syncthreads();
    if (threadIdx.x == 0) row.finish(*drawn, maximum);
}

template <class Arithmetic, int DRAW>
leap_status run(leap_stream stream, const leap_sample_params& p) {
    const std::size_t bytes = p.logits_dtype == LEAP_F32 ? sizeof(float) : sizeof(bf16);
    const bool packs_fit =
        fits_packs(ROW_PACK, p.V, {{p.logits, bytes, p.V}, {p.bias, sizeof(float), p.bias_stride}});
    const int tile = sample_tile(p.V);
    LEAP_REQUIRE(tile >= 0, LEAP_BAD_SHAPE, "sample: V=%lld codes do not fit the registers of a block (at most %lld)",
                 (long long)p.V, (long long)MAX_SAMPLED_CODES);
    const int64_t rows = p.images * p.row_capacity;
    LEAP_REQUIRE(rows <= MAX_GRID_X, LEAP_BAD_SHAPE, "sample: %lld rows are too many for one call", (long long)rows);
    const LaunchShape shape{stream, {unsigned(rows)}, {unsigned(SAMPLE_TILES[tile].threads)}};
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
