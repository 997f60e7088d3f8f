/* sample_draw.hpp: the distribution of a row of logits, and the draws from it.
 *
 * All are functions of one row of V finite logits in scratch memory of `padded_columns(V)` floats.
 */
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "parallel.hpp"
#include "philox.hpp"
#include "scratch.hpp"
#include "simd.hpp"
#include "vector_math.hpp"

namespace leap {

/* Values whose weights are added up at once: the distribution function is searched chunk by chunk, then within one chunk. */
inline constexpr int64_t CHUNK = 64;
static_assert(CHUNK % LANES == 0, "a chunk is whole vectors");

constexpr int64_t chunks_of(int64_t V) { return ceil_div(V, CHUNK); }
constexpr int64_t padded_columns(int64_t V) { return chunks_of(V) * CHUNK; }
constexpr int64_t padded_chunks(int64_t V) { return ceil_div(chunks_of(V), DOUBLE_LANES) * DOUBLE_LANES; }

/* exp(scale * (logit - maximum)) of a row of logits, and their sums. */
struct Distribution {
    float* weights;  // (padded_columns(V))
    double* cdf;     // (padded_chunks(V)): the sum of all weights up to the end of each chunk
    int64_t V;

    static std::size_t bytes(int64_t V) { return padded_bytes<float>(padded_columns(V)) + padded_bytes<double>(padded_chunks(V)); }
    Distribution(std::byte* memory, int64_t V)
        : weights(reinterpret_cast<float*>(memory)),
          cdf(reinterpret_cast<double*>(memory + padded_bytes<float>(padded_columns(V)))), V(V) {}

    /* Scale is not negative, so exponents are at most 0. Weights of a chunk are added lane by lane in float32, all else in float64.
     * meanwhile(v): called as often as vectors are computed, for what may be done at the same time. */
    template <class Meanwhile>
    void fill(const float* row, float maximum, float scale, Meanwhile&& meanwhile) const {
        const float binary_scale = std::min(scale * LOG2_E, std::numeric_limits<float>::max());
        std::fill(weights + V, weights + padded_columns(V), 0.0f);
        for_each_vector(V, [&](int64_t v, auto lanes) {
            meanwhile(v);
            store(weights + v, exp2_bounded((load(row + v, lanes) - maximum) * binary_scale), lanes);
        });
        VecDouble sum{};
        for (int64_t chunk = 0; chunk < padded_chunks(V); chunk += DOUBLE_LANES) {
            VecDouble ends[DOUBLE_LANES];
            for (int i = 0; i < DOUBLE_LANES; ++i) {
                if (chunk + i < chunks_of(V)) sum += sum_of_chunk(chunk + i);
                ends[i] = sum;
            }
            store(cdf + chunk, sums_of_lanes(ends));
        }
    }

    double probability(int64_t code) const { return weights[code] / cdf[chunks_of(V) - 1]; }

    /* The number of v with cdf(v) < u * cdf(V - 1), at most V - 1. Values are counted and nothing branches on a comparison: which of
     * them comes out how, no processor can predict. */
    int64_t draw_inverse_cdf(double u) const {
        const double target = u * cdf[chunks_of(V) - 1];
        int64_t chunk = 0;
        for (int64_t i = 0; i < padded_chunks(V); i += DOUBLE_LANES) chunk += count_below(load(cdf + i), target);
        chunk = std::min(chunk, chunks_of(V) - 1);
        const int64_t first = chunk * CHUNK;
        double below = cdf[std::max<int64_t>(chunk - 1, 0)] * double(chunk > 0);
        int64_t code = first;
        double end = below;
        for (int64_t v = first; v < first + CHUNK - LANES; v += LANES) {  // the last vector is what is left
            const Widened vector = widen(load(weights + v));
            end += sum_of_lanes(vector.low + vector.high);
            const bool ends_below = end < target;
            below = ends_below ? end : below;
            code += ends_below ? LANES : 0;
        }
        const Widened vector = widen(load(weights + code));
        const VecDouble low = prefix_sums(vector.low) + below;
        const VecDouble high = prefix_sums(vector.high) + low[DOUBLE_LANES - 1];
        code += count_below(low, target) + count_below(high, target);
        return last_likely(first, std::min({code, first + CHUNK - 1, V - 1}));
    }

private:
    /* The last code from first to last that has a weight; first, where none has. A sum that is added up in another order, and a chunk's,
     * may be rounded up: the target then lies beyond the codes that it was to find. */
    int64_t last_likely(int64_t first, int64_t last) const {
        while (last > first && weights[last] == 0) --last;
        return last;
    }

    VecDouble sum_of_chunk(int64_t chunk) const {
        Vec sum{};
        for (int64_t v = chunk * CHUNK; v < chunk * CHUNK + CHUNK; v += LANES) sum += load(weights + v);
        const Widened widened = widen(sum);
        return widened.low + widened.high;
    }
};

/* The first v with values[v] == maximum; 0 where there is none (NaN). */
inline int64_t first_equal(const float* values, float maximum, int64_t V) {
    int64_t v = 0;
    while (v + LANES <= V && !any(load(values + v) == maximum)) v += LANES;
    const float* found = std::find(values + v, values + V, maximum);
    return found == values + V ? 0 : found - values;
}

/* argmax_v scale * row[v] + G(u_v), the first maximum, of recorded uniforms u; scores: scratch. */
template <class Arithmetic>
int64_t draw_gumbel_max(const float* row, float scale, const double* recorded, int64_t V, float* scores) {
    Vec maxima = broadcast(-INFINITE);
    for (int64_t v = 0; v < V; ++v) scores[v] = float(Arithmetic::gumbel(recorded[v]));
    for_each_vector(V, [&](int64_t v, auto lanes) {
        const Vec score = Arithmetic::round(Arithmetic::round(load(row + v, lanes) * scale) + load(scores + v, lanes));
        store(scores + v, score, lanes);
        maxima = max(keep(score, lanes, -INFINITE), maxima);
    });
    return first_equal(scores, max_of_lanes(maxima), V);
}

/* The same of Philox's uniforms. Noise takes two logarithms, but few codes can win: those whose score with a bound of their noise, which is
 * cheap, exceeds the largest score so far. Of 8192 equal logits 0.3 % do. */
template <class Arithmetic>
int64_t draw_gumbel_max(const float* row, float scale, const PhiloxStream& stream, int64_t V) {
    float best = -INFINITE;
    int64_t code = 0;
    const auto consider = [&](int64_t v, Vec u, auto lanes) {
        const Vec scaled = Arithmetic::round(load(row + v, lanes) * scale);
        const Vec bound = keep(Arithmetic::round(scaled + Arithmetic::gumbel_bound(u)), lanes, -INFINITE);
        if (!any(bound > best)) return;
        const Vec score = keep(Arithmetic::round(scaled + Arithmetic::gumbel(u)), lanes, -INFINITE);
        const float largest = max_of_lanes(score);
        if (!(largest > best)) return;
        best = largest;
        float scores[LANES];
        store(scores, score);
        code = v + (std::find(scores, scores + LANES, largest) - scores);
    };
    constexpr int BLOCK = PHILOX_BLOCK;
    float uniforms[BLOCK];
    int64_t v = 0;
    for (; v + BLOCK <= V; v += BLOCK) {
        philox_uniform_block(stream, uint32_t(v), uniforms);
        for (int i = 0; i < BLOCK; i += LANES) consider(v + i, load(uniforms + i), AllLanes{});
    }
    if (v < V) {
        philox_uniform_block(stream, uint32_t(v), uniforms);
        for_each_vector(V - v, [&](int64_t i, auto lanes) { consider(v + i, load(uniforms + i), lanes); });
    }
    return code;
}

}  // namespace leap
