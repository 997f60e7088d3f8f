/* select_cases.cpp: the selection of what a step fixes. */
#include <cstring>
#include <limits>
#include <numeric>

#include "case.hpp"

namespace leap::cases {
namespace {

/* One call, with random codes and confidences; sequences of tokens + 1 ids lie in ids from the last to the first. */
struct SelectCase {
    int images = 1, sequences_per_image = 1, masked = 5, to_fix = 2;
    int spare_tokens = 0;  // by which tokens exceed masked
    int id_offset = 0;
    bool with_ids = true;
    bool mapped = false;            // each sequence has its tokens in an order of its own
    std::vector<float> confidence{};  // of every image's rows; empty: random ones

    /* Runs the selection and compares all it may write, and that nothing else has changed. */
    void check() const {
        const int tokens = masked + spare_tokens, cells = images * tokens, sequences = images * sequences_per_image;
        Random random;
        std::vector<int32_t> sampled(cells), positions(cells, -1), id_offsets(sequences), position_rows(sequences_per_image * tokens);
        for (int32_t& code : sampled) code = int32_t(random.below(1024));
        std::vector<float> confidences = random.normals<float>(cells, 3);
        for (int b = 0; b < images; ++b) {
            int j = 0;
            for (int p = 0; p < tokens; ++p)
                if (random.below(tokens - p) < masked - j) positions[b * tokens + j++] = p;
            if (!confidence.empty()) std::copy(confidence.begin(), confidence.end(), confidences.begin() + b * tokens);
            std::fill_n(confidences.begin() + b * tokens + masked, spare_tokens, INFINITY);  // nobody's
        }
        for (int s = 0; s < sequences; ++s) id_offsets[s] = (sequences - 1 - s) * (tokens + 1);
        for (int g = 0; g < sequences_per_image; ++g) shuffled(random, tokens + 1, &position_rows[g * tokens], tokens);

        const Result wanted = select(tokens, sampled, confidences, positions, id_offsets, position_rows);
        Buffer<int32_t> sampled_device(sampled), positions_device(positions), codes(cells), ids(sequences * (tokens + 1));
        Buffer<int32_t> id_offsets_device(id_offsets), position_rows_device(position_rows);
        Buffer<int32_t> new_codes(cells), new_positions(cells), new_counts(images);
        Buffer<float> confidence_device(confidences);
        leap_step step{};
        step.masked = masked, step.to_fix = to_fix;
        Buffer<leap_step> step_device(std::vector<leap_step>{step});
        leap_select_params p{};
        p.sampled = sampled_device.data(), p.confidence = confidence_device.data(), p.positions = positions_device.data();
        p.codes = codes.data(), p.ids = with_ids ? ids.data() : nullptr;
        p.id_offsets = with_ids ? id_offsets_device.data() : nullptr;
        p.position_rows = mapped ? position_rows_device.data() : nullptr;
        p.new_codes = new_codes.data(), p.new_positions = new_positions.data(), p.new_counts = new_counts.data();
        p.step = step_device.data(), p.images = images, p.sequences_per_image = sequences_per_image, p.tokens = tokens, p.id_offset = id_offset;
        expect_ok(leap_select(stream(), &p));
        expect_equal("new_positions", new_positions.read(), wanted.new_positions);
        expect_equal("new_codes", new_codes.read(), wanted.new_codes);
        expect_equal("new_counts", new_counts.read(), std::vector<int32_t>(images, to_fix));
        expect_equal("codes", codes.read(), wanted.codes);
        expect_equal("ids", ids.read(), wanted.ids);
        std::vector<int32_t> still = positions_device.read();
        for (int b = 0; b < images; ++b)  // what lies behind those that are still masked is nobody's
            std::fill(still.begin() + b * tokens + masked - to_fix, still.begin() + (b + 1) * tokens, -1);
        expect_equal("positions", still, wanted.positions);
    }

private:
    struct Result {
        std::vector<int32_t> codes, ids, new_codes, new_positions, positions;
    };

    static void shuffled(Random& random, int n, int32_t* out, int count) {
        std::vector<int32_t> order(n);
        std::iota(order.begin(), order.end(), 0);
        for (int i = n - 1; i > 0; --i) std::swap(order[i], order[random.below(i + 1)]);
        std::copy_n(order.begin(), count, out);
    }

    /* The header's words: by confidence, then by position. -1 where nothing is written. */
    Result select(int tokens, const std::vector<int32_t>& sampled, const std::vector<float>& confidences,
                  const std::vector<int32_t>& positions, const std::vector<int32_t>& id_offsets,
                  const std::vector<int32_t>& position_rows) const {
        const std::vector<int32_t> nothing(images * tokens, -1);
        Result result{nothing, std::vector<int32_t>(images * sequences_per_image * (tokens + 1), -1), nothing, nothing, nothing};
        for (int b = 0; b < images; ++b) {
            const int first = b * tokens;
            const auto rank = [&](int j) { return std::isnan(confidences[first + j]) ? -INFINITY : confidences[first + j]; };
            std::vector<int> order(masked);
            std::iota(order.begin(), order.end(), 0);
            std::stable_sort(order.begin(), order.end(), [&](int i, int j) { return rank(i) > rank(j); });
            std::sort(order.begin(), order.begin() + to_fix);
            std::sort(order.begin() + to_fix, order.end());
            for (int i = 0; i < to_fix; ++i) {
                const int position = positions[first + order[i]], code = sampled[first + order[i]];
                result.codes[first + position] = code;
                result.new_codes[first + i] = code + id_offset;
                result.new_positions[first + i] = position;
                for (int g = 0; g < sequences_per_image && with_ids; ++g)
                    result.ids[id_offsets[b * sequences_per_image + g] + (mapped ? position_rows[g * tokens + position] : position)] =
                        code + id_offset;
            }
            for (int i = to_fix; i < masked; ++i) result.positions[first + i - to_fix] = positions[first + order[i]];
        }
        return result;
    }
};

/* Every number of tokens to fix, from these confidences. */
void check_every_cut(const std::vector<float>& confidence) {
    for (int to_fix = 0; to_fix <= int(confidence.size()); ++to_fix)
        SelectCase{.masked = int(confidence.size()), .to_fix = to_fix, .spare_tokens = 3, .confidence = confidence}.check();
}

std::vector<float> levels(int n, int count) {
    Random random;
    std::vector<float> x(n);
    for (float& value : x) value = float(random.below(count)) - 2;
    return x;
}

/* Floats of every kind: random bits. */
std::vector<float> bits(int n) {
    Random random;
    std::vector<float> x(n);
    for (float& value : x) {
        const uint32_t word = uint32_t(random.next());
        std::memcpy(&value, &word, sizeof word);
    }
    return x;
}

/* A call of two images and two sequences whose step or positions lie. */
struct Lies {
    static constexpr int B = 2, GUIDED = 2, TOKENS = 40;
    leap_step step{};
    std::vector<int32_t> positions = std::vector<int32_t>(B * TOKENS), codes, ids;

    Lies() {
        step.masked = 30, step.to_fix = 10;
        for (int i = 0; i < B * TOKENS; ++i) positions[i] = i % TOKENS;
    }

    void run() {
        Random random;
        std::vector<int32_t> id_offsets, sampled(B * TOKENS);
        for (int s = 0; s < B * GUIDED; ++s) id_offsets.push_back(s * TOKENS);
        for (int i = 0; i < B * TOKENS; ++i) sampled[i] = 100 + i;
        std::vector<float> confidence = random.normals<float>(B * TOKENS);
        Buffer<int32_t> sampled_device(sampled), positions_device(positions), id_offsets_device(id_offsets);
        Buffer<int32_t> codes_device(B * TOKENS), ids_device(B * GUIDED * TOKENS);
        Buffer<int32_t> new_codes(B * TOKENS), new_positions(B * TOKENS), new_counts(B);
        Buffer<float> confidence_device(confidence);
        Buffer<leap_step> step_device(std::vector<leap_step>{step});
        leap_select_params p{};
        p.sampled = sampled_device.data(), p.confidence = confidence_device.data(), p.positions = positions_device.data();
        p.codes = codes_device.data(), p.ids = ids_device.data(), p.id_offsets = id_offsets_device.data();
        p.new_codes = new_codes.data(), p.new_positions = new_positions.data(), p.new_counts = new_counts.data();
        p.step = step_device.data(), p.images = B, p.sequences_per_image = GUIDED, p.tokens = TOKENS;
        expect_ok(leap_select(stream(), &p));
        codes = codes_device.read(), ids = ids_device.read();
        for (int32_t count : new_counts.read()) expect(count >= 0 && count <= TOKENS, "new_counts holds %d", count);
    }
};

}  // namespace

LEAP_CASES(select) {
    for (int masked : {1, 2, 31, 32, 33, 64, 65, 97, 127, 128, 129, 256, 257, 512, 513, 1000, 1023, 1024, 1025, 2049})
        define(text("%d tokens", masked), [masked] {
            for (int to_fix : {0, 1, masked / 2, masked - 1, masked}) SelectCase{.masked = masked, .to_fix = to_fix}.check();
        });
    for (bool mapped : {false, true})
        for (int sequences_per_image : {1, 2})
            define(text("three images, sequences_per_image %d, %s", sequences_per_image, mapped ? "rows in another order" : "rows in order"), [=] {
                SelectCase{.images = 3, .sequences_per_image = sequences_per_image, .masked = 70, .to_fix = 33, .spare_tokens = 31, .id_offset = 126356,
                           .mapped = mapped}.check();
            });
    define("no ids", [] { SelectCase{.images = 2, .sequences_per_image = 2, .masked = 20, .to_fix = 7, .with_ids = false}.check(); });
    define("nothing is masked", [] { SelectCase{.images = 2, .masked = 0, .to_fix = 0, .spare_tokens = 40}.check(); });
    define("no images", [] { SelectCase{.images = 0}.check(); });
    define("equal confidences", [] {
        for (int to_fix : {1, 2, 31, 32, 33, 50, 96, 97})
            SelectCase{.images = 2, .masked = 97, .to_fix = to_fix, .confidence = std::vector<float>(97, -2.5f)}.check();
        SelectCase{.masked = 1100, .to_fix = 550, .confidence = std::vector<float>(1100)}.check();
    });
    define("many equal ones at the cut", [] {
        for (int to_fix : {1, 3, 10, 40, 200, 257})
            SelectCase{.masked = 257, .to_fix = to_fix, .spare_tokens = 9, .confidence = levels(257, 4)}.check();
    });
    define("zeros of both signs", [] { check_every_cut({-0.0f, 0.0f, 1, -0.0f, 0.0f, -1}); });
    define("NaN and infinities", [] {
        const float lowest = -std::numeric_limits<float>::max(), negative = -NAN;
        check_every_cut({NAN, 0, -INFINITY, negative, INFINITY, -INFINITY, lowest, NAN, INFINITY});
        check_every_cut({negative, -INFINITY, negative, NAN});
        check_every_cut({negative, lowest});
        check_every_cut(std::vector<float>(33, NAN));
    });
    define("neighbours, and every magnitude", [] {
        const float next = std::nextafter(1.0f, 2.0f), below = std::nextafter(1.0f, 0.0f);
        const float least = 0x1p-149f, most = 3.4028235e38f;
        check_every_cut({1, next, below, 1, next, least, 0, -least, most, -most, 1e-20f, -1e20f, -next, -1, -below});
    });
    define("random bits", [] {
        for (int to_fix : {1, 50, 255, 299}) SelectCase{.masked = 300, .to_fix = to_fix, .confidence = bits(300)}.check();
    });
    define("ascending and descending", [] {
        std::vector<float> x(1025);
        std::iota(x.begin(), x.end(), -500.0f);
        SelectCase{.masked = 1025, .to_fix = 513, .confidence = x}.check();
        std::reverse(x.begin(), x.end());
        SelectCase{.masked = 1025, .to_fix = 513, .confidence = x}.check();
    });
    define("a step that lies", [] {
        leave_out_where_lies_are_refused();
        for (const auto& [masked, to_fix] :
             {std::pair{-1, 5}, {INT32_MIN, 5}, {30, -1}, {30, INT32_MIN}, {30, 31}, {30, 40}, {30, 1000}, {30, INT32_MAX},
              {0, 5}, {40, 41}, {41, 10}, {41, 41}, {1000, 10}, {1000, 1000}, {INT32_MAX, INT32_MAX}, {-5, -5}}) {
            Lies lies;
            lies.step.masked = masked, lies.step.to_fix = to_fix;
            lies.run();  // guards and sanitizers see the rest
            if (masked <= 0 || to_fix <= 0)
                expect_equal("codes", lies.codes, std::vector<int32_t>(Lies::B * Lies::TOKENS, -1));
        }
    });
    define("positions off the grid", [] {
        leave_out_where_lies_are_refused();
        for (int32_t off : {-1, Lies::TOKENS, Lies::TOKENS + 1, INT32_MIN, INT32_MAX}) {
            Lies lies;
            lies.step.to_fix = lies.step.masked;
            lies.positions[0] = lies.positions[17] = lies.positions[Lies::TOKENS + 29] = off;
            lies.run();
            std::vector<int32_t> codes(Lies::B * Lies::TOKENS, -1), ids(Lies::B * Lies::GUIDED * Lies::TOKENS, -1);
            for (int b = 0; b < Lies::B; ++b)
                for (int j = 0; j < lies.step.masked; ++j) {
                    const int at = b * Lies::TOKENS + j;
                    if (lies.positions[at] == off) continue;
                    codes[at] = 100 + at;
                    for (int g = 0; g < Lies::GUIDED; ++g) ids[(b * Lies::GUIDED + g) * Lies::TOKENS + j] = 100 + at;
                }
            expect_equal("codes", lies.codes, codes);
            expect_equal("ids", lies.ids, ids);
        }
    });
    define("refusals", [] {
        expect_refused(leap_select(stream(), nullptr), LEAP_BAD_ARGUMENT, "the parameters are null");
        Buffer<int32_t> x(5);
        Buffer<float> confidence(5);
        Buffer<leap_step> step(1);
        leap_select_params good{};
        good.sampled = good.id_offsets = x.data(), good.confidence = confidence.data(), good.step = step.data();
        good.positions = good.codes = good.ids = good.new_codes = good.new_positions = good.new_counts = x.data();
        good.images = good.sequences_per_image = 1, good.tokens = 5;
        const auto refused = [&](const char* words, auto&& spoil) {
            leap_select_params p = good;
            spoil(p);
            expect_refused(leap_select(stream(), &p), LEAP_BAD_ARGUMENT, words);
        };
        refused("images=-1", [](auto& p) { p.images = -1; });
        refused("tokens=-5", [](auto& p) { p.tokens = -5; });
        for (int sequences_per_image : {0, 3}) refused("sequences_per_image=", [=](auto& p) { p.sequences_per_image = sequences_per_image; });
        refused("step", [](auto& p) { p.step = nullptr; });
        refused("sampled", [](auto& p) { p.sampled = nullptr; });
        refused("confidence", [](auto& p) { p.confidence = nullptr; });
        refused("positions", [](auto& p) { p.positions = nullptr; });
        refused("codes", [](auto& p) { p.codes = nullptr; });
        refused("id_offsets", [](auto& p) { p.id_offsets = nullptr; });
        refused("new_codes", [](auto& p) { p.new_codes = nullptr; });
        refused("new_positions", [](auto& p) { p.new_positions = nullptr; });
        refused("new_counts", [](auto& p) { p.new_counts = nullptr; });
    });
    for (int masked : {4096, 16384})
        define_large(text("%d tokens", masked), [masked] {
            for (int to_fix : {1, masked / 2, masked}) {
                SelectCase c{.images = 2, .sequences_per_image = 2, .masked = masked, .to_fix = to_fix, .spare_tokens = 100};
                c.check();
                c.confidence = levels(masked, 4);
                c.check();
            }
        });
}

}  // namespace leap::cases
