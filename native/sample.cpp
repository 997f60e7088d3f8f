/* sample.cpp: guidance, bias, softmax, draw and confidence of the masked rows, in one read of the logits.
 *
 * What      logits = (1 + w) conditional - w unconditional + bias[p],  p = positions[b][j]
 *           code = draw(draw_scale * logits);  probability = softmax(confidence_scale * logits)[code]
 *           inverse CDF:  code = #{v : cdf(v) < u cdf(V-1)}      Gumbel-max:  code = argmax_v(draw_scale logits[v] + G(u_v))
 *           argmax:       code = argmax_v logits[v]              G(u) = -ln(-ln u); the first maximum wins
 *           confidence = ln max(probability, 1e-20) + confidence_noise * G(u'), or probability, or u'
 * Layouts   logits: (B, guided, row_capacity, V) dtype; bias: rows of V float32; sampled, confidence: (B, tokens), by row
 *           Logits, exponentials and noise are float32 (or rounded to bfloat16 one by one: sample_arithmetic.hpp); the cdf, its
 *           total and all scalars float64
 * A thread  takes whole rows: the combined logits, and then their exponentials or scores, lie in its scratch
 * Wants     finite scales >= 0, V >= 1; a row whose logits are not all finite gets code 0 and confidence -infinity
 * Source    Chang et al. 2022 (MaskGIT), section 3.2; guidance: Ho and Salimans 2022; Gumbel-max: Maddison et al. 2014
 */
#include <algorithm>
#include <cmath>

#include "checks.hpp"
#include "parallel.hpp"
#include "philox.hpp"
#include "sample_arithmetic.hpp"
#include "scratch.hpp"
#include "simd.hpp"
#include "step.hpp"
#include "vector_math.hpp"

namespace leap {
namespace {

/* Values whose weights are added up at once: the cdf is searched chunk by chunk, then within one chunk. */
constexpr int64_t CHUNK = 64;
static_assert(CHUNK % LANES == 0, "a chunk is whole vectors");

constexpr int64_t padded_columns(int64_t V) { return ceil_div(V, CHUNK) * CHUNK; }

/* row = the combined logits; false if they are not all finite. */
template <class Arithmetic, class T>
bool combine(const T* conditional, const T* unconditional, float guidance, const float* bias, int64_t V, float* row,
             float& maximum) {
    Vec maxima = broadcast(-INFINITE);
    Vec zeros{};  // x * 0 is 0 where x is finite, else NaN
    for_each_vector(V, [&](int64_t v, auto lanes) {
        Vec x = load(conditional + v, lanes);
        if (unconditional)
            x = Arithmetic::round(Arithmetic::round((1.0f + guidance) * x) -
                                  Arithmetic::round(guidance * load(unconditional + v, lanes)));
        if (bias) x = Arithmetic::round(x + load(bias + v, lanes));
        store(row + v, x, lanes);
        zeros += keep(x, lanes, 0) * 0.0f;
        maxima = max(keep(x, lanes, -INFINITE), maxima);
    });
    maximum = max_of_lanes(maxima);
    return sum_of_lanes(zeros) == 0;
}

double chunk_sum(const float* weights) {
    VecDouble sum{};
    for (int i = 0; i < CHUNK; i += LANES) sum += widen_and_fold(load(weights + i));
    return sum_of_lanes(sum);
}

/* weights[v] = exp(scale * (row[v] - maximum)), padded with 0 to whole chunks. Returns their sum. */
double exponentiate(const float* row, float maximum, float scale, int64_t V, float* weights) {
    for_each_vector(V, [&](int64_t v, auto lanes) {
        store(weights + v, exp((load(row + v, lanes) - maximum) * scale), lanes);
    });
    std::fill(weights + V, weights + padded_columns(V), 0.0f);
    double sum = 0;
    for (int64_t v = 0; v < V; v += CHUNK) sum += chunk_sum(weights + v);
    return sum;
}

/* The number of v with cdf(v) < u * total, at most V - 1. */
int64_t draw_inverse_cdf(const float* weights, double total, double u, int64_t V) {
    const double target = u * total;
    double cdf = 0;
    for (int64_t v = 0; v < V; v += CHUNK) {
        const double after_chunk = cdf + chunk_sum(weights + v);
        if (after_chunk < target) {
            cdf = after_chunk;
            continue;
        }
        int64_t code = v;
        for (; code < v + CHUNK; ++code) {
            cdf += weights[code];
            if (!(cdf < target)) break;
        }
        return std::min(code, V - 1);
    }
    return V - 1;
}

/* The first v with values[v] == maximum; 0 where there is none (NaN). */
int64_t first_equal(const float* values, float maximum, int64_t V) {
    const float* found = std::find(values, values + V, maximum);
    return found == values + V ? 0 : found - values;
}

/* scores = scale * row + Gumbel noise; the first maximum. `recorded`: V uniforms, or null: Philox. */
template <class Arithmetic>
int64_t draw_gumbel_max(const float* row, float scale, const double* recorded, const PhiloxStream& stream, int64_t V,
                        float* scores) {
    Vec maxima = broadcast(-INFINITE);
    if (recorded) {
        for (int64_t v = 0; v < V; ++v) scores[v] = float(Arithmetic::gumbel(recorded[v]));
    } else {
        philox_uniforms(stream, 0, scores, V);
        for_each_vector(V, [&](int64_t v, auto lanes) {
            const Vec u = load(scores + v, lanes, 0.5f);
            store(scores + v, Arithmetic::gumbel(u), lanes);
        });
    }
    for_each_vector(V, [&](int64_t v, auto lanes) {
        const Vec score = Arithmetic::round(Arithmetic::round(load(row + v, lanes) * scale) + load(scores + v, lanes));
        store(scores + v, score, lanes);
        maxima = max(keep(score, lanes, -INFINITE), maxima);
    });
    return first_equal(scores, max_of_lanes(maxima), V);
}

/* Row j of image b. row, weights: (padded_columns(V)) scratch each. */
template <class Arithmetic, class T>
void sample_row(const leap_sample_params& p, int64_t b, int64_t j, float* row, float* weights) {
    const leap_step& step = *p.step;
    const int64_t V = p.V;
    const int64_t position = p.positions[b * p.tokens + j];
    int32_t& sampled = p.sampled[b * p.tokens + j];
    float& confidence = p.confidence[b * p.tokens + j];

    const T* conditional = static_cast<const T*>(p.logits) + (b * p.guided * p.row_capacity + j) * V;
    const T* unconditional = p.guided == 2 ? conditional + p.row_capacity * V : nullptr;
    const float* bias = p.bias ? p.bias + position * p.bias_stride : nullptr;
    float maximum;
    if (!combine<Arithmetic>(conditional, unconditional, step.guidance, bias, V, row, maximum)) {
        sampled = 0;
        confidence = -INFINITE;
        return;
    }

    const auto stream = [&](uint32_t purpose) {
        return PhiloxStream{p.seeds ? p.seeds[b] : 0, uint32_t(position), uint32_t(step.index), purpose};
    };
    double total = -1;  // of the exponentials at confidence_scale; not known yet
    int64_t code = 0;
    switch (p.draw) {
        case LEAP_DRAW_INVERSE_CDF: {
            const double u = p.u_draw ? p.u_draw[b * p.tokens + position] : philox_uniform(stream(LEAP_PURPOSE_DRAW), 0);
            const double draw_total = exponentiate(row, maximum, step.draw_scale, V, weights);
            code = draw_inverse_cdf(weights, draw_total, u, V);
            if (step.confidence_scale == step.draw_scale) total = draw_total;
            break;
        }
        case LEAP_DRAW_GUMBEL_MAX: {
            const double* recorded = p.u_draw ? p.u_draw + (b * p.row_capacity + j) * V : nullptr;
            code = draw_gumbel_max<Arithmetic>(row, step.draw_scale, recorded, stream(LEAP_PURPOSE_DRAW), V, weights);
            break;
        }
        case LEAP_DRAW_ARGMAX: code = first_equal(row, maximum, V); break;
    }
    sampled = int32_t(code);

    const auto uniform = [&]() -> double {
        return p.u_confidence ? p.u_confidence[b * p.tokens + position]
                              : philox_uniform(stream(LEAP_PURPOSE_CONFIDENCE), 0);
    };
    if (step.confidence == LEAP_CONFIDENCE_UNIFORM) {
        confidence = Arithmetic::uniform(uniform());
        return;
    }
    if (total < 0) total = exponentiate(row, maximum, step.confidence_scale, V, weights);
    const double probability = std::exp(double(step.confidence_scale) * (double(row[code]) - maximum)) / total;
    if (step.confidence == LEAP_CONFIDENCE_PROBABILITY) {
        confidence = Arithmetic::round(float(probability));
        return;
    }
    confidence = Arithmetic::log_confidence(probability, step.confidence_noise, uniform);
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
    const int64_t columns = padded_columns(p.V);
    const std::size_t slice = padded_bytes<float>(2 * columns);
    std::byte* scratch = thread_scratch().reserve(slice * (parallel ? omp_get_max_threads() : 1));
    LEAP_REQUIRE(scratch, LEAP_OUT_OF_MEMORY, "sample: no memory for %zu bytes of scratch per thread", slice);

#pragma omp parallel for schedule(static) if (parallel)
    for (int64_t r = 0; r < rows; ++r) {
        float* row = reinterpret_cast<float*>(scratch + slice * omp_get_thread_num());
        sample_row<Arithmetic, T>(p, r / masked, r % masked, row, row + columns);
    }
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
