/* sample_case.hpp: one call of the sampler, and what the header allows it to make of its inputs. */
#pragma once

#include "case.hpp"

namespace leap::cases {

/* The uniform that the header speaks of, from an implementation of its own: in philox_cases.cpp. */
double philox_uniform(uint64_t seed, uint32_t index, uint32_t position, uint32_t step, uint32_t purpose);

/* How a formula rounds each of its operations: EXACT is the truth, FLOAT32 what a plain implementation computes (a sum, product
 * or quotient of float32 values rounds to the same float32 by way of double), BFLOAT16 the published pipeline that the header
 * speaks of. */
enum class Precision { EXACT, FLOAT32, BFLOAT16 };

template <Precision P>
double rounded(double x) {
    if constexpr (P == Precision::EXACT) return x;
    else return P == Precision::FLOAT32 ? rounded_to<float>(x) : rounded_to<Bf16>(x);
}

/* What lies around the tensors of a call. */
struct SampleOptions {
    int draw = LEAP_DRAW_INVERSE_CDF;
    leap_dtype noise = LEAP_F32;
    int confidence = LEAP_CONFIDENCE_LOG_PROBABILITY;
    int images = 1, sequences_per_image = 1, masked = 5, V = 97;
    int spare_rows = 0, spare_tokens = 0;  // by which row_capacity and tokens exceed masked
    double deviation = 2;                  // of the logits
    float guidance = 0, draw_scale = 1, confidence_scale = 1, confidence_noise = 1;
    bool with_bias = false;
    double bias_mean = 0;
    int bias_padding = 0;                                    // elements between rows of the bias
    bool recorded_draw = false, recorded_confidence = false;  // uniforms of their own in place of Philox
    int offset = 0;  // elements by which logits and bias miss their allocation's alignment
};

struct SampleResult {
    std::vector<int32_t> codes;
    std::vector<float> confidence;
};

/* Random contents; a case overwrites what it is about. */
template <class T>
struct SampleCase : SampleOptions {
    int tokens, row_capacity, bias_stride;
    std::vector<T> logits;
    std::vector<float> bias;
    std::vector<int32_t> positions;
    std::vector<uint64_t> seeds;
    std::vector<double> u_draw, u_confidence;
    leap_step step{};

    explicit SampleCase(const SampleOptions& options)
        : SampleOptions(options),
          tokens(masked + spare_tokens),
          row_capacity(masked + spare_rows),
          bias_stride(V + bias_padding) {
        Random random;
        logits = random.normals<T>(int64_t(images) * sequences_per_image * row_capacity * V, deviation);
        if (noise == LEAP_BF16)  // the pipeline's logits are in bfloat16, whatever holds them
            for (T& logit : logits) logit = T(float(rounded_to<Bf16>(to_double(logit))));
        if (with_bias) {
            bias.assign(int64_t(tokens) * bias_stride, NAN);  // NaN stays between the rows
            for (int p = 0; p < tokens; ++p)
                for (int v = 0; v < V; ++v) bias[int64_t(p) * bias_stride + v] = float(bias_mean + random.normal());
        }
        for (int b = 0; b < images; ++b) {
            seeds.push_back(random.next());
            // Ascending, with gaps that differ between the images.
            for (int p = 0, left = masked; p < tokens; ++p)
                if (random.below(tokens - p) < left) positions.push_back(p), --left;
            positions.resize(int64_t(b + 1) * tokens, -1);
        }
        if (recorded_draw)
            u_draw.resize(draw == LEAP_DRAW_GUMBEL_MAX ? int64_t(images) * row_capacity * V : int64_t(images) * tokens);
        if (recorded_confidence) u_confidence.resize(int64_t(images) * tokens);
        for (auto* recorded : {&u_draw, &u_confidence})
            for (double& u : *recorded) u = random.uniform();
        step.index = 3, step.masked = masked, step.confidence = confidence;
        step.mask_ratio = 0.5f, step.guidance = guidance, step.draw_scale = draw_scale;
        step.confidence_scale = confidence_scale, step.confidence_noise = confidence_noise;
    }

    /* All rows with the same logits. */
    SampleCase(const SampleOptions& options, const std::vector<float>& row) : SampleCase(with_codes(options, int(row.size()))) {
        for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = T(row[i % row.size()]);
    }

    /* Calls the sampler; both results are (images, tokens). */
    SampleResult run() const {
        Buffer<T> logits_device(logits, offset);
        Buffer<float> bias_device(bias, offset), confidence_device(int64_t(images) * tokens);
        Buffer<int32_t> positions_device(positions), sampled(int64_t(images) * tokens);
        Buffer<uint64_t> seeds_device(seeds);
        Buffer<double> u_draw_device(u_draw), u_confidence_device(u_confidence);
        Buffer<leap_step> step_device(std::vector<leap_step>{step});
        leap_sample_params p{};
        p.logits = logits_device.data(), p.bias = bias.empty() ? nullptr : bias_device.data(), p.bias_stride = bias_stride;
        p.positions = positions_device.data(), p.seeds = seeds.empty() ? nullptr : seeds_device.data();
        p.u_draw = u_draw.empty() ? nullptr : u_draw_device.data();
        p.u_confidence = u_confidence.empty() ? nullptr : u_confidence_device.data();
        p.step = step_device.data(), p.sampled = sampled.data(), p.confidence = confidence_device.data();
        p.images = images, p.sequences_per_image = sequences_per_image, p.row_capacity = row_capacity, p.tokens = tokens, p.V = V;
        p.logits_dtype = DTYPE<T>, p.draw = draw, p.noise_dtype = noise;
        expect_ok(leap_sample(stream(), &p));
        return {sampled.read(), confidence_device.read()};
    }

    /* Runs the sampler and checks every code, the confidence of the code that it chose, and that rows beyond are left alone. */
    void check() const {
        const auto [codes, confidences] = run();
        std::vector<double> reference(confidences.size(), NAN), plain = reference;
        int flips = 0;  // of a rounding to bfloat16
        for (int b = 0; b < images; ++b)
            for (int j = 0; j < tokens; ++j) {
                const int at = b * tokens + j, code = codes[at];
                if (j >= masked) {
                    expect(code == -1, "row %d of image %d is beyond the masked ones, but has code %d", j, b, code);
                    continue;
                }
                if (is_lost(b, j)) {
                    expect(code == 0, "row %d of image %d has code %d, wanted 0: it has no finite logits", j, b, code);
                    reference[at] = plain[at] = -INFINITY;
                    continue;
                }
                expect(code >= 0 && code < V, "row %d of image %d has code %d of %d", j, b, code, V);
                if (draw == LEAP_DRAW_INVERSE_CDF) {
                    expect_inverse_cdf(b, j, code);
                } else if (is_bfloat16()) {
                    flips += expect_rounded_maximum(b, j, code);
                } else {
                    expect_maximum(b, j, code);
                }
                if (is_bfloat16()) {
                    reference[at] = plain[at] = confidence_of<Precision::BFLOAT16>(b, j, code);
                    flips += confidences[at] != float(reference[at]);
                } else {
                    reference[at] = confidence_of<Precision::EXACT>(b, j, code);
                    plain[at] = confidence_of<Precision::FLOAT32>(b, j, code);
                }
            }
        const int rows = images * masked;
        expect(flips <= 1 + rows / 64, "%d codes and confidences of %d rows are not the rounded ones", flips, rows);
        expect_close("confidence", to_doubles(confidences), reference, plain, is_bfloat16() ? 0x1p-7 : FLOOR<float>);
    }

private:
    static SampleOptions with_codes(SampleOptions options, int V) {
        options.V = V;
        return options;
    }

    bool is_bfloat16() const { return draw == LEAP_DRAW_GUMBEL_MAX && noise == LEAP_BF16; }

    int32_t position(int b, int j) const { return positions[b * tokens + j]; }

    /* A row off the grid, or with a logit that is not finite. */
    bool is_lost(int b, int j) const {
        if (position(b, j) < 0 || position(b, j) >= tokens) return true;
        const auto row = logits_of<Precision::FLOAT32>(b, j);
        return !std::all_of(row.begin(), row.end(), [](double x) { return std::isfinite(x); });
    }

    /* ---- the header's formulas ---- */

    template <Precision P>
    std::vector<double> logits_of(int b, int j) const {
        const T* conditional = &logits[(int64_t(b) * sequences_per_image * row_capacity + j) * V];
        const T* unconditional = conditional + int64_t(row_capacity) * V;
        const double own = P == Precision::EXACT ? 1.0 + guidance : 1.0f + guidance;  // scalars are float32 at least
        std::vector<double> row(V);
        for (int v = 0; v < V; ++v) {
            row[v] = to_double(conditional[v]);
            if (sequences_per_image == 2)
                row[v] = rounded<P>(rounded<P>(own * row[v]) - rounded<P>(guidance * to_double(unconditional[v])));
            if (!bias.empty()) row[v] = rounded<P>(row[v] + bias[int64_t(position(b, j)) * bias_stride + v]);
        }
        return row;
    }

    /* In bfloat16 the scaled logits and the result are rounded, nothing between. */
    template <Precision P>
    static std::vector<double> softmax(std::vector<double> x, float scale) {
        constexpr Precision WITHIN = P == Precision::FLOAT32 ? P : Precision::EXACT;
        double maximum = -INFINITY, sum = 0;
        for (double& value : x) maximum = std::max(maximum, value = rounded<P>(scale * value));
        for (double& value : x) {
            value = rounded<WITHIN>(std::exp(rounded<WITHIN>(value - maximum)));
            sum = rounded<WITHIN>(sum + value);
        }
        for (double& value : x) value = rounded<P>(value / sum);
        return x;
    }

    template <Precision P>
    static double noise_uniform(double u) {
        if constexpr (P != Precision::BFLOAT16) return u;
        return rounded<P>(u) == 1 ? 0 : rounded<P>(u);
    }

    template <Precision P>
    static double gumbel(double u) {
        if constexpr (P == Precision::BFLOAT16) {
            const double inner = rounded<P>(-std::log(rounded<P>(noise_uniform<P>(u) + 1e-20)));
            return rounded<P>(-std::log(rounded<P>(inner + 1e-20)));
        } else {
            return rounded<P>(-std::log(rounded<P>(-std::log(u))));  // a recorded uniform is of double precision
        }
    }

    /* A recorded one, or that of index 0. */
    double uniform(const std::vector<double>& recorded, int b, int j, int purpose) const {
        const int32_t p = position(b, j);
        return recorded.empty() ? philox_uniform(seeds[b], 0, p, step.index, purpose) : recorded[b * tokens + p];
    }

    template <Precision P>
    double confidence_of(int b, int j, int code) const {
        if (confidence == LEAP_CONFIDENCE_UNIFORM)
            return rounded<P>(noise_uniform<P>(uniform(u_confidence, b, j, LEAP_PURPOSE_CONFIDENCE)));
        const double p = softmax<P>(logits_of<P>(b, j), confidence_scale)[code];
        if (confidence == LEAP_CONFIDENCE_PROBABILITY) return p;
        const double log_p = rounded<P>(std::log(std::max(p, 1e-20)));
        if (confidence_noise == 0) return log_p;
        const double chance = gumbel<P>(uniform(u_confidence, b, j, LEAP_PURPOSE_CONFIDENCE));
        return rounded<P>(log_p + rounded<P>(confidence_noise * chance));
    }

    /* ---- codes ---- */

    /* By how much a good implementation may miss the truth: the rule of expect_close. */
    static double allowance(const std::vector<double>& exact, const std::vector<double>& plain) {
        double error = 0, magnitude = 0;
        for (std::size_t v = 0; v < exact.size(); ++v) {
            error = std::max(error, std::abs(plain[v] - exact[v]));
            magnitude = std::max(magnitude, std::abs(exact[v]));
        }
        return 2 * error + FLOOR<float> * magnitude;
    }

    /* The uniform lies in the code's part of the distribution function, give or take what float32 makes of its steps. */
    void expect_inverse_cdf(int b, int j, int code) const {
        const auto exact = distribution<Precision::EXACT>(b, j);
        const double slack = allowance(exact, distribution<Precision::FLOAT32>(b, j)), below = code == 0 ? 0 : exact[code - 1];
        const double u = uniform(u_draw, b, j, LEAP_PURPOSE_DRAW);
        expect(below - slack < u && u <= exact[code] + slack,
               "row %d of image %d: code %d stands for uniforms from %.9g to %.9g, the uniform is %.9g", j, b, code, below,
               exact[code], u);
    }

    template <Precision P>
    std::vector<double> distribution(int b, int j) const {
        auto cdf = softmax<P>(logits_of<P>(b, j), draw_scale);
        for (int v = 1; v < V; ++v) cdf[v] = rounded<P>(cdf[v - 1] + cdf[v]);
        for (int v = 0; v < V; ++v) cdf[v] = rounded<P>(cdf[v] / cdf[V - 1]);
        return cdf;
    }

    /* What the draw takes the maximum of. */
    template <Precision P>
    std::vector<double> scores(int b, int j) const {
        auto row = logits_of<P>(b, j);
        if (draw == LEAP_DRAW_ARGMAX) return row;
        for (int v = 0; v < V; ++v) {
            const double u = u_draw.empty() ? philox_uniform(seeds[b], v, position(b, j), step.index, LEAP_PURPOSE_DRAW)
                                            : u_draw[(int64_t(b) * row_capacity + j) * V + v];
            row[v] = rounded<P>(rounded<P>(draw_scale * row[v]) + gumbel<P>(u));
        }
        return row;
    }

    /* No score is greater than the code's, give or take what float32 makes of both; the first one where nothing is computed. */
    void expect_maximum(int b, int j, int code) const {
        const auto exact = scores<Precision::EXACT>(b, j);
        const auto best = std::max_element(exact.begin(), exact.end());
        if (draw == LEAP_DRAW_ARGMAX && sequences_per_image == 1 && bias.empty()) {
            expect(code == best - exact.begin(), "row %d of image %d has code %d, the first maximum is %d", j, b, code,
                   int(best - exact.begin()));
            return;
        }
        const double slack = 2 * allowance(exact, scores<Precision::FLOAT32>(b, j));
        expect(exact[code] >= *best - slack, "row %d of image %d: code %d has %.9g, code %d has %.9g", j, b, code, exact[code],
               int(best - exact.begin()), *best);
    }

    /* The first maximum of the rounded scores, or one that a single flipped rounding would make it: true for that. */
    bool expect_rounded_maximum(int b, int j, int code) const {
        const auto row = scores<Precision::BFLOAT16>(b, j);
        const auto best = std::max_element(row.begin(), row.end());
        double magnitude = 0;
        for (double score : row) magnitude = std::max(magnitude, std::abs(score));
        expect(row[code] >= *best - 0x1p-7 * magnitude, "row %d of image %d: code %d has %.9g, code %d has %.9g", j, b, code,
               row[code], int(best - row.begin()), *best);
        return code != best - row.begin();
    }
};

}  // namespace leap::cases
