/* sample_cases.cpp: the token sampler. */
#include "sample_case.hpp"

namespace leap::cases {
namespace {

struct Draw {
    const char* name;
    int draw;
    leap_dtype noise;
};

constexpr Draw DRAWS[] = {{"inverse CDF", LEAP_DRAW_INVERSE_CDF, LEAP_F32},
                          {"Gumbel-max", LEAP_DRAW_GUMBEL_MAX, LEAP_F32},
                          {"Gumbel-max in bf16", LEAP_DRAW_GUMBEL_MAX, LEAP_BF16},
                          {"argmax", LEAP_DRAW_ARGMAX, LEAP_F32}};

/* The most codes that each way of the CUDA kernels to cut a row holds: their edges are where mistakes would be. */
constexpr int CAPACITIES[] = {1024, 4096, 8192, 16384};

/* Defines the cases of one draw and one dtype of the logits. */
template <class T>
void define_draw(const CasesOf& cases, const Draw& draw) {
    const auto define = [&](const std::string& name, SampleOptions options) {
        options.draw = draw.draw, options.noise = draw.noise;
        cases.define(text("%s, %s, %s", draw.name, name.c_str(), DTYPE_NAME<T>), [=] { SampleCase<T>(options).check(); });
    };
    for (int V : {1, 3, 4, 97}) define(text("V=%d", V), {.V = V});
    for (int capacity : CAPACITIES)
        for (int V : {capacity - 1, capacity, capacity + 1}) {
            if (V > CAPACITIES[3]) continue;
            define(text("V=%d", V), {.masked = 1, .V = V});
        }
    for (int V : {1024, 1028, 8192, CAPACITIES[3]})
        define(text("V=%d, sequences_per_image, with bias", V),
               {.sequences_per_image = 2, .masked = 1, .V = V, .guidance = 1.7f, .with_bias = true, .recorded_draw = V == 1028});
    for (int offset : {0, 1, 2, 4})
        define(text("tensors %d elements off", offset),
               {.sequences_per_image = 2, .masked = 3, .V = 100, .guidance = 1.7f, .with_bias = true, .offset = offset});
    define("logits alone off alignment", {.masked = 3, .V = 100, .offset = 1});
    define("bias alone off alignment", {.masked = 3, .V = 100, .with_bias = true, .bias_padding = 3});
    for (bool recorded : {false, true})
        for (int sequences_per_image : {1, 2})
            define(text("three images, sequences_per_image %d, spare rows, %s uniforms", sequences_per_image, recorded ? "recorded" : "Philox"),
                   {.images = 3, .sequences_per_image = sequences_per_image, .masked = 4, .spare_rows = 3, .spare_tokens = 6, .guidance = 1.7f,
                    .with_bias = true, .bias_padding = 7, .recorded_draw = recorded, .recorded_confidence = recorded});
    define("fewer rows than tokens", {.images = 2, .sequences_per_image = 2, .masked = 4, .spare_tokens = 30, .guidance = -0.5f});
    define("recorded confidence alone", {.recorded_confidence = true});
    define("recorded draw alone", {.recorded_draw = true});
    for (float noise : {0.0f, 0.375f})
        for (int confidence : {LEAP_CONFIDENCE_LOG_PROBABILITY, LEAP_CONFIDENCE_PROBABILITY, LEAP_CONFIDENCE_UNIFORM})
            define(text("confidence %d, noise %g", confidence, noise),
                   {.confidence = confidence, .masked = 3, .V = 40, .confidence_noise = noise});
    for (const auto& [draw_scale, confidence_scale] :
         {std::pair{0.7f, 1.0f}, {1.0f, 0.25f}, {4.0f, 0.5f}, {0.0f, 1.0f}, {1.0f, 0.0f}})
        define(text("scales %g and %g", draw_scale, confidence_scale),
               {.draw_scale = draw_scale, .confidence_scale = confidence_scale});
    define("peaky logits", {.V = 257, .deviation = 1e4});
    define("logits far below 0", {.V = 257, .deviation = 1, .with_bias = true, .bias_mean = -1e4});
    define("nearly equal logits", {.V = 257, .deviation = 1e-6});
    define("equal logits", {.masked = 20, .V = 4000, .deviation = 0});
    define("no images", {.images = 0});
    define("no rows", {.images = 2, .sequences_per_image = 2, .masked = 0, .spare_rows = 3, .spare_tokens = 5});
}

/* Rows that are not finite, and rows off the grid: between them the others are as they are without. */
template <class T>
void check_lost_rows(const Draw& draw, int confidence) {
    for (const auto& [bad, at] : {std::pair{NAN, 0}, {INFINITY, 50}, {-INFINITY, 96}}) {
        SampleCase<T> c({.draw = draw.draw, .noise = draw.noise, .confidence = confidence, .images = 2, .sequences_per_image = 2,
                         .masked = 7, .spare_rows = 1, .spare_tokens = 2, .guidance = 1.7f, .with_bias = true,
                         .bias_padding = 3});
        c.logits[97 + at] = T(bad);            // row 1 of the first image, conditional
        c.logits[(8 + 3) * 97 + at] = T(bad);  // row 3, unconditional
        c.bias[c.positions[5] * c.bias_stride + at] = bad;
        if (!device::refuses_lies()) c.positions[6] = c.tokens, c.positions[c.tokens] = -1, c.positions[c.tokens + 4] = INT32_MIN;
        c.check();
    }
}

void expect_codes(const SampleOptions& options, const std::vector<float>& row, const std::vector<double>& u_draw,
                  const std::vector<int32_t>& wanted) {
    SampleOptions rows = options;
    rows.masked = int(wanted.size());
    SampleCase<float> c(rows, row);
    c.u_draw = u_draw;
    expect_equal("sampled", c.run().codes, wanted);
}

/* Logits and noise are the same from some code on: that one is drawn. */
void check_first_maximum(const Draw& draw, int V) {
    for (int first : {0, 1, V / 2, V - 1}) {
        std::vector<float> row(V);
        std::fill(row.begin() + first, row.end(), 2.0f);
        expect_codes({.draw = draw.draw, .noise = draw.noise}, row, std::vector<double>(2 * V, 0.3), {first, first});
    }
}

/* Frequencies of codes against the softmax, by Pearson's chi-square. One right sampler in a thousand exceeds the bound. */
void check_frequencies(int draw, int rows) {
    const std::vector<float> logits{0.3f, -1, 1.5f, 0};
    constexpr float SCALE = 0.8f;
    const auto codes = SampleCase<float>({.draw = draw, .masked = rows, .draw_scale = SCALE}, logits).run().codes;
    double sum = 0, chi_square = 0;
    for (float logit : logits) sum += std::exp(double(SCALE * logit));
    for (int v = 0; v < 4; ++v) {
        const double expected = rows * std::exp(double(SCALE * logits[v])) / sum;
        chi_square += std::pow(double(std::count(codes.begin(), codes.end(), v)) - expected, 2) / expected;
    }
    expect(chi_square < 16.27, "chi-square of %d draws is %.3g", rows, chi_square);
}

/* A step that lies: no memory outside is touched, and a code is a code. */
void check_lies(const Draw& draw) {
    leave_out_where_lies_are_refused();
    const auto check = [&](auto&& spoil) {
        SampleCase<float> c({.draw = draw.draw, .noise = draw.noise, .sequences_per_image = 2, .spare_rows = 2, .spare_tokens = 1,
                             .with_bias = true, .recorded_draw = true, .recorded_confidence = true});
        spoil(c.step);
        for (int32_t code : c.run().codes) expect(code >= -1 && code < c.V, "code %d of %d", code, c.V);
    };
    for (int masked : {-1, 7, 8, INT32_MIN, INT32_MAX}) check([&](leap_step& step) { step.masked = masked; });
    for (int confidence : {-1, 3}) check([&](leap_step& step) { step.confidence = confidence; });
    for (float scale : {NAN, INFINITY, -1.0f})
        check([&](leap_step& step) { step.draw_scale = step.confidence_scale = step.confidence_noise = scale; });
}

}  // namespace

LEAP_CASES(sample) {
    for (const Draw& draw : DRAWS) {
        define_draw<float>(*this, draw);
        define_draw<Bf16>(*this, draw);
        for (int confidence : {LEAP_CONFIDENCE_LOG_PROBABILITY, LEAP_CONFIDENCE_PROBABILITY, LEAP_CONFIDENCE_UNIFORM})
            define(text("%s, rows that are lost, confidence %d, f32", draw.name, confidence),
                   [=] { check_lost_rows<float>(draw, confidence); });
        define(text("%s, rows that are lost, bf16", draw.name),
               [=] { check_lost_rows<Bf16>(draw, LEAP_CONFIDENCE_LOG_PROBABILITY); });
        define(text("%s, a step that lies", draw.name), [=] { check_lies(draw); });
        if (draw.draw == LEAP_DRAW_INVERSE_CDF) continue;
        for (int V : {7, 256, 1030, 5000})
            define(text("%s, the first of equal codes, V=%d", draw.name, V), [=] { check_first_maximum(draw, V); });
    }
    for (const Draw& draw : {DRAWS[0], DRAWS[1]}) {
        define(text("%s, frequencies of 250", draw.name), [=] { check_frequencies(draw.draw, 250); });
        define_large(text("%s, frequencies of 100000", draw.name), [=] { check_frequencies(draw.draw, 100000); });
    }
    define("argmax, zeros of both signs", [] {
        expect_codes({.draw = LEAP_DRAW_ARGMAX}, {-1, -0.0f, 0.0f, -2}, {}, {1});
        expect_codes({.draw = LEAP_DRAW_ARGMAX}, {-1, 0.0f, -0.0f, -2}, {}, {1});
    });
    define("argmax, the lowest float32", [] {
        expect_codes({.draw = LEAP_DRAW_ARGMAX}, {-3.4028235e38f, -3.4028235e38f, -3e38f}, {}, {2});
        expect_codes({.draw = LEAP_DRAW_ARGMAX}, {-3.4028235e38f, -3.4028235e38f, -3.4028235e38f}, {}, {0});
    });
    define("guidance beyond float32", [] {
        SampleCase<float> c({.sequences_per_image = 2, .V = 3, .guidance = 2}, {1, 3e38f, 0});
        c.check();
    });
    // cdf(v) < u cdf(V - 1): a uniform on a step of the distribution function belongs to the code that ends there.
    define("inverse CDF, uniforms on a step", [] {
        expect_codes({}, {0, 0, 0, 0}, {0.1, 0.25, 0.2501, 0.5, 0.5001, 0.75, 0.7501, 0.9999}, {0, 0, 1, 1, 2, 2, 3, 3});
        for (int V : CAPACITIES) {  // a power of two of codes, so all sums are exact
            std::vector<double> u;
            std::vector<int32_t> wanted;
            for (int v : {3, 4, 127, 255, 383, V - 1}) {
                u.push_back((v + 1.0) / V);
                wanted.push_back(v);
            }
            expect_codes({}, std::vector<float>(V), u, wanted);
        }
    });
    define("inverse CDF, uniforms near 0 and 1", [] {
        for (int V : {1, 7, 1024, 1030})
            expect_codes({}, std::vector<float>(V), {1e-300, 1e-12, 1 - 1e-12, std::nextafter(1.0, 0.0)}, {0, 0, V - 1, V - 1});
    });
    define("inverse CDF, uniforms next to 1", [] {  // where sums in another order may miss their total
        for (int V : {5, 97, 1022, 4200}) {
            SampleCase<float> c({.masked = 30, .V = V, .deviation = 8});
            c.u_draw.assign(c.tokens, std::nextafter(1.0, 0.0));
            c.check();
        }
    });
    define("inverse CDF, codes without probability", [] {
        expect_codes({}, {-2000, 0, -2000, 0, -2000}, {1e-300, 1e-12, 0.49, 0.51, 1 - 1e-9, std::nextafter(1.0, 0.0)},
                     {1, 1, 1, 3, 3, 3});
        std::vector<float> row(1030, -2000.0f);
        row[515] = row[900] = 1;
        expect_codes({}, row, {1e-12, 0.49, 0.51, 1 - 1e-9}, {515, 515, 900, 900});
        row.assign(80, -1000.0f);  // sums of float64 that differ by their order
        row[0] = row[64] = 0, row[17] = row[25] = float(std::log(1.4 * 0x1p-52));
        SampleCase<float> c({.masked = 1}, row);
        c.u_draw = {0.5 + 0x1p-52};
        const int code = c.run().codes[0];
        expect(row[code] > -1000, "code %d has no probability", code);
    });
    define("a scale that is nearly infinite", [] {
        for (int draw : {LEAP_DRAW_INVERSE_CDF, LEAP_DRAW_ARGMAX}) {
            SampleCase<float> c({.draw = draw, .masked = 2, .draw_scale = 3e38f, .confidence_scale = 3e38f}, {0, 5, 1});
            expect_equal("sampled", c.run().codes, {1, 1});
            c.check();
        }
    });
    define("inverse CDF, uniforms next to 1, and the last codes without probability", [] {
        for (int likely : {3, 64, 100, 256}) {
            SampleCase<float> c({.masked = 30, .V = 400});
            for (std::size_t i = 0; i < c.logits.size(); ++i)
                if (int(i % c.V) >= likely) c.logits[i] = -2000;
            c.u_draw.assign(c.tokens, std::nextafter(1.0, 0.0));
            for (int32_t code : c.run().codes) expect(code < likely, "code %d, but from %d on none has a probability", code, likely);
        }
    });
    define("Gumbel-max, uniforms near 0 and 1", [] {
        SampleCase<float> c({.draw = LEAP_DRAW_GUMBEL_MAX, .masked = 4}, {0, 0});
        c.u_draw = {1e-300, 1e-12, 1 - 1e-12, 1 - 1e-9, 0.999, 1 - 1e-12, 1e-12, 1e-300};
        c.check();
    });
    define("Gumbel-max in bf16, uniforms that round to 1", [] {
        expect_codes({.draw = LEAP_DRAW_GUMBEL_MAX, .noise = LEAP_BF16}, {0, 0, 0},
                     {0.999, 0.9, 0.5, 0.5, 1 - 1e-12, 0.4, 0.999, 0.999, 0.999, 1e-30, 0.0, 1e-4}, {1, 0, 0, 2});
    });
    define("Gumbel-max in bf16, products that round to the same", [] {  // 4.05 and 4.06875, before -3.83 is added
        expect_codes({.draw = LEAP_DRAW_GUMBEL_MAX, .noise = LEAP_BF16, .draw_scale = 0.3f}, {13.5f, 13.5625f}, {0, 0}, {0});
    });
    define("confidence in bf16, noise that nearly cancels", [] {
        SampleCase<float> c({.draw = LEAP_DRAW_GUMBEL_MAX, .noise = LEAP_BF16, .masked = 15, .confidence_noise = 0.7f}, {0, 0});
        for (int p = 0; p < c.tokens; ++p) c.u_confidence.push_back(0.6 + 0.01 * p);
        c.check();
    });
    for (float noise : {0.0f, 1.0f})
        define(text("confidence, uniforms near 0 and 1, noise %g", noise), [noise] {
            for (int draw : {LEAP_DRAW_INVERSE_CDF, LEAP_DRAW_GUMBEL_MAX})
                for (leap_dtype dtype : {LEAP_F32, LEAP_BF16}) {
                    SampleCase<float> c({.draw = draw, .noise = dtype, .masked = 4, .confidence_noise = noise}, {0, 0});
                    c.u_confidence = {1e-300, 1e-12, 1 - 1e-12, std::nextafter(1.0, 0.0)};
                    c.check();
                }
        });
    define("confidence, the logarithm has a floor", [] {
        for (leap_dtype dtype : {LEAP_F32, LEAP_BF16})
            for (float logit : {-1000.0f, -100.0f, -50.0f}) {  // probabilities of 0, far below the floor, and just below it
                SampleCase<float> c({.draw = LEAP_DRAW_GUMBEL_MAX, .noise = dtype, .masked = 2, .draw_scale = 0,
                                     .confidence_noise = 0}, {0, logit});
                c.u_draw = {0.1, 0.9, 0.9, 0.1};
                expect_equal("sampled", c.run().codes, {1, 0});
                c.check();
            }
    });
    define("seeds are not wanted", [] {
        for (const Draw& draw : DRAWS) {
            SampleCase<float> c({.draw = draw.draw, .noise = draw.noise, .recorded_draw = draw.draw != LEAP_DRAW_ARGMAX,
                                 .recorded_confidence = true});
            c.seeds.clear();
            c.check();
        }
    });
    define("refusals", [] {
        expect_refused(leap_sample(stream(), nullptr), LEAP_BAD_ARGUMENT, "the parameters are null");
        Buffer<float> logits(7), confidence(1);
        Buffer<int32_t> positions(1), sampled(1);
        Buffer<uint64_t> seeds(1);
        Buffer<leap_step> step(1);
        leap_sample_params good{};
        good.logits = logits.data(), good.positions = positions.data(), good.seeds = seeds.data(), good.step = step.data();
        good.sampled = sampled.data(), good.confidence = confidence.data();
        good.images = good.sequences_per_image = good.row_capacity = good.tokens = 1, good.V = 7;
        const auto refused = [&](leap_status wanted, const char* words, auto&& spoil) {
            leap_sample_params p = good;
            spoil(p);
            expect_refused(leap_sample(stream(), &p), wanted, words);
        };
        refused(LEAP_BAD_DTYPE, "logits_dtype=7", [](auto& p) { p.logits_dtype = 7; });
        refused(LEAP_BAD_DTYPE, "noise_dtype=7", [](auto& p) { p.draw = LEAP_DRAW_GUMBEL_MAX, p.noise_dtype = 7; });
        for (int draw : {-1, 3}) refused(LEAP_BAD_ARGUMENT, "draw=", [=](auto& p) { p.draw = draw; });
        for (int64_t V : {int64_t(0), int64_t(-1), int64_t(1) << 40})
            refused(LEAP_BAD_SHAPE, text("V=%lld", (long long)V).c_str(), [=](auto& p) { p.V = V; });
        for (int sequences_per_image : {0, 3}) refused(LEAP_BAD_ARGUMENT, "sequences_per_image=", [=](auto& p) { p.sequences_per_image = sequences_per_image; });
        refused(LEAP_BAD_ARGUMENT, "images=-1", [](auto& p) { p.images = -1; });
        refused(LEAP_BAD_ARGUMENT, "tokens=-1", [](auto& p) { p.tokens = -1; });
        refused(LEAP_BAD_ARGUMENT, "row_capacity=-1", [](auto& p) { p.row_capacity = -1; });
        refused(LEAP_BAD_ARGUMENT, "step", [](auto& p) { p.step = nullptr; });
        refused(LEAP_BAD_ARGUMENT, "logits", [](auto& p) { p.logits = nullptr; });
        refused(LEAP_BAD_ARGUMENT, "positions", [](auto& p) { p.positions = nullptr; });
        refused(LEAP_BAD_ARGUMENT, "sampled", [](auto& p) { p.sampled = nullptr; });
        refused(LEAP_BAD_ARGUMENT, "confidence", [](auto& p) { p.confidence = nullptr; });
        refused(LEAP_BAD_ARGUMENT, "seeds", [](auto& p) { p.seeds = nullptr; });
    });
    for (int draw : {LEAP_DRAW_INVERSE_CDF, LEAP_DRAW_GUMBEL_MAX}) {
        define_large(text("%s, 4096 x 8192, f32", DRAWS[draw].name),
                     [=] { SampleCase<float>({.draw = draw, .masked = 4096, .V = 8192}).check(); });
        define_large(text("%s, 1024 x 1024, f32", DRAWS[draw].name),
                     [=] { SampleCase<float>({.draw = draw, .masked = 1024, .V = 1024}).check(); });
    }
    define_large("Gumbel-max in bf16, sequences_per_image, 256 x 8192, bf16", [] {
        SampleCase<Bf16>({.draw = LEAP_DRAW_GUMBEL_MAX, .noise = LEAP_BF16, .sequences_per_image = 2, .masked = 256, .V = 8192,
                          .guidance = 1.7f}).check();
    });
}

}  // namespace leap::cases
