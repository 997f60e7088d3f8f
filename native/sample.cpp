/* sample.cpp: guidance, bias, softmax, draw and confidence of the masked rows, in one read of the logits.
 *
 * What      logits = (1 + w) conditional - w unconditional + bias[p],  p = positions[b][j]
 *           code = draw(draw_scale * logits);  probability = softmax(confidence_scale * logits)[code]
 *           inverse CDF:  code = #{v : cdf(v) < u cdf(V-1)}      Gumbel-max:  code = argmax_v(draw_scale logits[v] + G(u_v))
 *           argmax:       code = argmax_v logits[v]              G(u) = -ln(-ln u); the first maximum wins
 *           confidence = ln max(probability, 1e-20) + confidence_noise * G(u'), or probability, or u'
 * Layouts   logits: (B, sequences_per_image, row_capacity, V) dtype; bias: rows of V float32; sampled, confidence: (B, tokens), by row
 *           Logits, exponentials and noise are float32 (or rounded to bfloat16 one by one: sample_arithmetic.hpp); the cdf, its
 *           total and all scalars float64, but for sums of a few weights (sample_draw.hpp)
 * A thread  takes whole rows: the combined logits, and their exponentials or scores, lie in its scratch
 * Wants     finite scales >= 0, V >= 1; a row whose logits are not all finite gets code 0 and confidence -infinity
 * Source    Chang et al. 2022 (MaskGIT), section 3.2; guidance: Ho and Salimans 2022; Gumbel-max: Maddison et al. 2014
 */
#include <algorithm>
#include <cmath>

#include "checks.hpp"
#include "parallel.hpp"
#include "philox.hpp"
#include "sample_arithmetic.hpp"
#include "sample_draw.hpp"
#include "scratch.hpp"
#include "simd.hpp"
#include "step.hpp"
#include "vector_math.hpp"

namespace leap {
namespace {

/* row[v] = logit(v, lanes) and its bias; false if they are not all finite. */
template <class Arithmetic, class Logit>
bool fill_row(Logit&& logit, const float* bias, int64_t V, float* row, float& maximum) {
    Vec maxima[4], products[4] = {};  // products of 0 and each logit: 0 where that is finite, else NaN
    std::fill_n(maxima, 4, broadcast(-INFINITE));
    for_each_vector_in_turn<4>(V, [&](int64_t v, auto lanes, int which) {
        Vec x = logit(v, lanes);
        if (bias) x = Arithmetic::round(x + load(bias + v, lanes));
        store(row + v, x, lanes);
        products[which] += keep(x, lanes, 0) * 0.0f;
        maxima[which] = max(keep(x, lanes, -INFINITE), maxima[which]);
    });
    maximum = max_of_lanes(max(max(maxima[0], maxima[1]), max(maxima[2], maxima[3])));
    return !any((products[0] + products[1]) + (products[2] + products[3]) != 0.0f);
}

/* row = the combined logits; false if they are not all finite. */
template <class Arithmetic, class T>
bool combine(const T* conditional, const T* unconditional, float guidance, const float* bias, int64_t V, float* row,
             float& maximum) {
    if (!unconditional)
        return fill_row<Arithmetic>([&](int64_t v, auto lanes) { return load(conditional + v, lanes); }, bias, V, row, maximum);
    const auto sequences_per_image = [&](int64_t v, auto lanes) {
        return Arithmetic::round(Arithmetic::round((1.0f + guidance) * load(conditional + v, lanes)) -
                                 Arithmetic::round(guidance * load(unconditional + v, lanes)));
    };
    return fill_row<Arithmetic>(sequences_per_image, bias, V, row, maximum);
}

/* One thread's memory. */
struct Workspace {
    Distribution distribution;
    float* row;  // (padded_columns(V)), the combined logits

    static std::size_t bytes(int64_t V) { return Distribution::bytes(V) + padded_bytes<float>(padded_columns(V)); }
    Workspace(std::byte* memory, int64_t V)
        : distribution(memory, V), row(reinterpret_cast<float*>(memory + Distribution::bytes(V))) {}
};

/* Where row j of image b lies. */
template <class T>
struct Place {
    int64_t b, j, position;
    const T* conditional;    // (V) logits
    const T* unconditional;  // likewise, or null

    /* Of the row with this index among those of all images. */
    Place(const leap_sample_params& p, int64_t index)
        : b(index / p.step->masked), j(index % p.step->masked), position(p.positions[b * p.tokens + j]),
          conditional(static_cast<const T*>(p.logits) + (b * p.sequences_per_image * p.row_capacity + j) * p.V),
          unconditional(p.sequences_per_image == 2 ? conditional + p.row_capacity * p.V : nullptr) {}

    void prefetch(int64_t v) const {
        constexpr int READ = 0, SECOND_LEVEL = 2;
        __builtin_prefetch(conditional + v, READ, SECOND_LEVEL);
        if (unconditional) __builtin_prefetch(unconditional + v, READ, SECOND_LEVEL);
    }
};

template <class T>
PhiloxStream stream(const leap_sample_params& p, const Place<T>& at, uint32_t purpose) {
    return {p.seeds ? p.seeds[at.b] : 0, uint32_t(at.position), uint32_t(p.step->index), purpose};
}

/* The row's only uniform for a purpose. */
template <class T>
double uniform(const leap_sample_params& p, const Place<T>& at, const double* recorded, uint32_t purpose) {
    return recorded ? recorded[at.b * p.tokens + at.position] : philox_uniform(stream(p, at, purpose), 0);
}

/* A row's code. The distribution holds the weights of a draw by inverse CDF. */
template <class Arithmetic, class T>
int64_t draw(const leap_sample_params& p, const Place<T>& at, const Workspace& workspace, float maximum) {
    switch (p.draw) {
        case LEAP_DRAW_INVERSE_CDF:
            return workspace.distribution.draw_inverse_cdf(uniform(p, at, p.u_draw, LEAP_PURPOSE_DRAW));
        case LEAP_DRAW_ARGMAX: return first_equal(workspace.row, maximum, p.V);
        default: break;
    }
    const float scale = p.step->draw_scale;
    if (!p.u_draw) return draw_gumbel_max<Arithmetic>(workspace.row, scale, stream(p, at, LEAP_PURPOSE_DRAW), p.V);
    const double* recorded = p.u_draw + (at.b * p.row_capacity + at.j) * p.V;
    return draw_gumbel_max<Arithmetic>(workspace.row, scale, recorded, p.V, workspace.distribution.weights);
}

/* Draws a row's code. Returns its probability, or NaN where the logits are not all finite. `next` is read soon. */
template <class Arithmetic, class T>
double sample_row(const leap_sample_params& p, const Place<T>& at, const Place<T>& next, const Workspace& workspace) {
    const leap_step& step = *p.step;
    const float* bias = p.bias ? p.bias + at.position * p.bias_stride : nullptr;
    int32_t& sampled = p.sampled[at.b * p.tokens + at.j];
    float maximum;
    if (!combine<Arithmetic>(at.conditional, at.unconditional, step.guidance, bias, p.V, workspace.row, maximum)) {
        sampled = 0;
        return NAN;
    }
    const auto weigh = [&](float scale) {
        workspace.distribution.fill(workspace.row, maximum, scale, [&](int64_t v) { next.prefetch(v); });
    };
    const bool by_weight = p.draw == LEAP_DRAW_INVERSE_CDF;
    if (by_weight) weigh(step.draw_scale);
    const int64_t code = draw<Arithmetic>(p, at, workspace, maximum);
    sampled = int32_t(code);
    if (step.confidence == LEAP_CONFIDENCE_UNIFORM) return 0;
    if (!by_weight || step.confidence_scale != step.draw_scale) weigh(step.confidence_scale);
    return workspace.distribution.probability(code);
}

template <class Arithmetic, class T>
float confidence(const leap_sample_params& p, const Place<T>& at, double probability) {
    if (probability != probability) return -INFINITE;
    const auto u = [&] { return uniform(p, at, p.u_confidence, LEAP_PURPOSE_CONFIDENCE); };
    switch (p.step->confidence) {
        case LEAP_CONFIDENCE_UNIFORM: return Arithmetic::uniform(u());
        case LEAP_CONFIDENCE_PROBABILITY: return Arithmetic::round(float(probability));
        default: return Arithmetic::log_confidence(probability, p.step->confidence_noise, u);
    }
}

/* The most rows whose confidences are computed together: the operations of one wait for each other. */
constexpr int64_t MOST_ROWS = 8;

/* Rows from `first` up to `end`, at most MOST_ROWS. */
template <class Arithmetic, class T>
void sample_rows(const leap_sample_params& p, int64_t first, int64_t end, const Workspace& workspace) {
    const int64_t count = end - first;
    double probabilities[MOST_ROWS];
    for (int64_t i = 0; i < count; ++i)
        probabilities[i] = sample_row<Arithmetic>(p, Place<T>(p, first + i), Place<T>(p, std::min(first + i + 1, p.images * p.step->masked - 1)), workspace);
    for (int64_t i = 0; i < count; ++i) {
        const Place<T> at(p, first + i);
        p.confidence[at.b * p.tokens + at.j] = confidence<Arithmetic>(p, at, probabilities[i]);
    }
}

leap_status check(const leap_sample_params* p) {
    LEAP_TRY(checks::sample(p));
    LEAP_TRY(check_step("sample", p->step, p->images, p->tokens));
    if (p->images == 0) return LEAP_OK;
    const leap_step& step = *p->step;
    LEAP_TRY(check_row_capacity("sample", step, p->row_capacity));
    LEAP_REQUIRE(step.confidence >= LEAP_CONFIDENCE_LOG_PROBABILITY && step.confidence <= LEAP_CONFIDENCE_UNIFORM,
                 LEAP_BAD_ARGUMENT, "sample: step.confidence=%d is not log probability (0), probability (1) or uniform (2)",
                 step.confidence);
    LEAP_REQUIRE(std::isfinite(step.draw_scale) && step.draw_scale >= 0 && std::isfinite(step.confidence_scale) &&
                     step.confidence_scale >= 0,
                 LEAP_BAD_ARGUMENT, "sample: step.draw_scale=%g and step.confidence_scale=%g must be finite and not negative",
                 step.draw_scale, step.confidence_scale);
    if (step.masked == 0) return LEAP_OK;
    const bool draw_recorded = p->u_draw || p->draw == LEAP_DRAW_ARGMAX;
    const bool confidence_recorded = p->u_confidence || step.confidence == LEAP_CONFIDENCE_PROBABILITY;
    LEAP_REQUIRE(p->seeds || (draw_recorded && confidence_recorded), LEAP_BAD_ARGUMENT,
                 "sample: seeds must not be null unless all uniforms are recorded");
    return check_positions("sample", p->positions, p->images, step.masked, p->tokens);
}

template <class Arithmetic, class T>
leap_status run(const leap_sample_params& p) {
    if (p.images == 0 || p.step->masked == 0) return LEAP_OK;
    const int64_t masked = p.step->masked;
    const int64_t rows = p.images * masked;
    const bool parallel = rows > 1 && rows * p.V >= PARALLEL_ELEMENTS / 4;  // exp makes an element dearer
    const int threads = parallel ? omp_get_max_threads() : 1;
    const int64_t group = std::clamp<int64_t>(rows / threads, 1, MOST_ROWS);  // few rows are shared out one by one
    const std::size_t slice = Workspace::bytes(p.V);
    std::byte* scratch = thread_scratch().reserve(slice * threads);
    LEAP_REQUIRE(scratch, LEAP_OUT_OF_MEMORY, "sample: no memory for %zu bytes of scratch per thread", slice);

#pragma omp parallel for schedule(static) if (parallel)
    for (int64_t first = 0; first < rows; first += group)
        sample_rows<Arithmetic, T>(p, first, std::min(first + group, rows), Workspace(scratch + slice * omp_get_thread_num(), p.V));
    return LEAP_OK;
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_sample(leap_stream, const leap_sample_params* p) {
    LEAP_TRY(leap::check(p));
    const bool bf16_noise = p->draw == LEAP_DRAW_GUMBEL_MAX && p->noise_dtype == LEAP_BF16;
    return leap::with_element(p->logits_dtype, [&]<class T>() {
        return bf16_noise ? leap::run<leap::Bf16Arithmetic, T>(*p) : leap::run<leap::Float32Arithmetic, T>(*p);
    });
}
