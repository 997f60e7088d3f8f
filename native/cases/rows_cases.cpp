/* rows_cases.cpp: the kernels that find rows by what lies on the device, and those that reduce them: embeddings, gathers, softmax
 * and group norm.
 */
#include "case.hpp"

namespace leap::cases {
namespace {

template <class Table, class Out>
void check_embed(int C, int offset) {
    constexpr int S = 3, CAPACITY = 6, STRIDE = 8, VOCABULARY = 11, POSITIONS = 9;
    Random random;
    const auto tokens = random.normals<Table>(VOCABULARY * C), positions_table = random.normals<Table>(POSITIONS * C);
    std::vector<int32_t> ids(S * STRIDE, -7), positions(S * STRIDE, -7), counts{CAPACITY, 2, 0};
    for (int s = 0; s < S; ++s)
        for (int j = 0; j < CAPACITY; ++j) {
            ids[s * STRIDE + j] = int32_t(random.below(VOCABULARY));
            positions[s * STRIDE + j] = int32_t(random.below(POSITIONS));
        }
    if (!device::refuses_lies()) ids[1] = VOCABULARY, ids[2] = -1, positions[3] = POSITIONS, positions[4] = -1;
    Buffer<Table> tokens_device(tokens, offset), positions_table_device(positions_table, offset);
    Buffer<int32_t> ids_device(ids), positions_device(positions), counts_device(counts);
    for (bool with_counts : {true, false})
        for (int positioned = 0; positioned < 3; ++positioned) {  // no table, positions in order, positions given
            Buffer<Out> out(S * CAPACITY * C, offset);
            leap_embed_params p{};
            p.ids = ids_device.data(), p.positions = positioned == 2 ? positions_device.data() : nullptr;
            p.counts = with_counts ? counts_device.data() : nullptr;
            p.token_table = tokens_device.data(), p.position_table = positioned > 0 ? positions_table_device.data() : nullptr;
            p.out = out.data(), p.ids_stride = STRIDE, p.sequences = S, p.capacity = CAPACITY, p.C = C;
            p.vocabulary = VOCABULARY, p.positions_in_table = POSITIONS;
            p.table_dtype = DTYPE<Table>, p.out_dtype = DTYPE<Out>;
            expect_ok(leap_embed(stream(), &p));
            std::vector<Out> wanted(S * CAPACITY * C, Out(0.0f));
            for (int s = 0; s < S; ++s)
                for (int j = 0; j < (with_counts ? counts[s] : CAPACITY); ++j) {
                    const int id = ids[s * STRIDE + j], position = positioned == 2 ? positions[s * STRIDE + j] : j;
                    const bool known = id >= 0 && id < VOCABULARY && (positioned == 0 || (position >= 0 && position < POSITIONS));
                    for (int c = 0; c < C; ++c) {
                        float sum = known ? float(to_double(tokens[id * C + c])) : NAN;
                        if (known && positioned > 0) sum += float(to_double(positions_table[position * C + c]));
                        wanted[(s * CAPACITY + j) * C + c] = Out(sum);
                    }
                }
            expect_close("out", to_doubles(out.read()), to_doubles(wanted), to_doubles(wanted), 0);
        }
}

template <class T>
void check_gather(int C, int offset) {
    constexpr int B = 2, GUIDED = 2, TOKENS = 10, CAPACITY = 7, ROWS = 60;
    Random random;
    const auto x = random.normals<T>(ROWS * C);
    const std::vector<int32_t> row_offsets{0, 15, 30, 45};
    std::vector<int32_t> positions(B * TOKENS, -1), position_rows(GUIDED * TOKENS);
    for (int i = 0; i < GUIDED * TOKENS; ++i) position_rows[i] = (i * 3) % 14;
    for (int b = 0; b < B; ++b)
        for (int j = 0; j < 5; ++j) positions[b * TOKENS + j] = 2 * j + b;
    if (!device::refuses_lies()) positions[3] = TOKENS, positions[TOKENS + 4] = -5;
    leap_step step{};
    step.masked = 5, step.to_fix = 1;
    Buffer<T> x_device(x, offset);
    Buffer<int32_t> row_offsets_device(row_offsets), positions_device(positions), position_rows_device(position_rows);
    Buffer<leap_step> step_device(std::vector<leap_step>{step});
    for (bool mapped : {true, false}) {
        Buffer<T> out(B * GUIDED * CAPACITY * C, offset);
        leap_gather_params p{};
        p.x = x_device.data(), p.row_offsets = row_offsets_device.data(), p.positions = positions_device.data();
        p.position_rows = mapped ? position_rows_device.data() : nullptr, p.step = step_device.data(), p.out = out.data();
        p.images = B, p.sequences_per_image = GUIDED, p.row_capacity = CAPACITY, p.tokens = TOKENS, p.C = C, p.dtype = DTYPE<T>;
        expect_ok(leap_gather_rows(stream(), &p));
        std::vector<double> wanted(B * GUIDED * CAPACITY * C, NAN);  // rows beyond, and rows of lies
        for (int s = 0; s < B * GUIDED; ++s)
            for (int j = 0; j < step.masked; ++j) {
                const int position = positions[s / GUIDED * TOKENS + j];
                if (position < 0 || position >= TOKENS) continue;
                const int row = row_offsets[s] + (mapped ? position_rows[s % GUIDED * TOKENS + position] : position);
                for (int c = 0; c < C; ++c) wanted[(s * CAPACITY + j) * C + c] = to_double(x[row * C + c]);
            }
        expect_close("out", to_doubles(out.read()), wanted, wanted, 0);
    }
}

template <class T>
void check_softmax(int rows, int columns, float scale, int offset) {
    Random random;
    auto x = random.normals<T>(rows * columns, 3);
    if (rows > 1) std::fill_n(x.begin(), columns, T(-INFINITY));
    Buffer<T> x_device(x, offset);
    expect_ok(leap_softmax_rows(stream(), DTYPE<T>, x_device.data(), rows, columns, scale));
    const auto formula = [&]<class Real>(Real, int row, std::vector<double>& y) {
        Real maximum = -INFINITY, sum = 0;
        std::vector<Real> e(columns);
        for (int c = 0; c < columns; ++c) maximum = std::max(maximum, Real(to_double(x[row * columns + c])) * Real(scale));
        for (int c = 0; c < columns; ++c) sum += e[c] = std::exp(Real(to_double(x[row * columns + c])) * Real(scale) - maximum);
        for (int c = 0; c < columns; ++c) y[row * columns + c] = std::isfinite(maximum) ? e[c] / sum : 0;
    };
    std::vector<double> reference(x.size()), plain(x.size());
    for (int row = 0; row < rows; ++row) {
        formula(double(), row, reference);
        formula(float(), row, plain);
    }
    for (double& value : plain) value = rounded_to<T>(value);
    expect_close("x", x_device.read(), reference, plain);
}

struct GroupNormCase {
    int N, pixels, C, groups;
    bool swish = false;
    double mean = 0.3, deviation = 2;
    double slope = 0;         // from the first pixel to the last: parts of the image differ in their means
    double gain = 1;          // mean of gamma
    int offset = 0;           // elements by which the tensors miss their allocation's alignment
    bool exact_sums = false;  // the bound is y's rounding, without what a plain implementation's sums lose

    template <class T>
    void check() const {
        Random random;
        auto x = random.normals<T>(int64_t(N) * pixels * C, deviation, mean);
        for (std::size_t i = 0; slope != 0 && i < x.size(); ++i)
            x[i] = T(float(to_double(x[i]) + slope * double(i / C % pixels) / pixels));
        const auto gamma = random.normals<float>(C, 0.3 * gain, gain), beta = random.normals<float>(C, 0.5);
        Buffer<T> x_device(x, offset), y_device(x.size(), offset);
        Buffer<float> gamma_device(gamma), beta_device(beta);
        Buffer<std::byte> scratch(int64_t(N) * groups * LEAP_GROUP_NORM_SCRATCH);
        leap_group_norm_params p{};
        p.x = x_device.data(), p.gamma = gamma_device.data(), p.beta = beta_device.data(), p.y = y_device.data();
        p.scratch = scratch.data(), p.scratch_bytes = scratch.size();
        p.N = N, p.pixels = pixels, p.C = C, p.groups = groups, p.eps = 1e-6f, p.dtype = DTYPE<T>, p.swish = swish;
        expect_ok(leap_group_norm(stream(), &p));
        std::vector<double> reference(x.size()), plain(x.size());
        for (int n = 0; n < N; ++n)
            for (int group = 0; group < groups; ++group) {
                formula<double>(x, gamma, beta, n, group, reference);
                if (exact_sums) formula<double>(x, gamma, beta, n, group, plain);
                else formula<float>(x, gamma, beta, n, group, plain);
            }
        for (double& value : plain) value = rounded_to<T>(value);
        expect_close("y", y_device.read(), reference, plain);
        p.y = x_device.data();
        expect_ok(leap_group_norm(stream(), &p));
        expect_equal("y in place of x", x_device.read(), y_device.read());
    }

private:
    template <class Real, class T>
    void formula(const std::vector<T>& x, const std::vector<float>& gamma, const std::vector<float>& beta, int n, int group,
                 std::vector<double>& y) const {
        const int channels = C / groups;
        const auto at = [&](int pixel, int c) { return (int64_t(n) * pixels + pixel) * C + group * channels + c; };
        Real sum = 0, squares = 0;
        for (int pixel = 0; pixel < pixels; ++pixel)
            for (int c = 0; c < channels; ++c) sum += Real(to_double(x[at(pixel, c)]));
        const Real average = sum / (Real(pixels) * Real(channels));
        for (int pixel = 0; pixel < pixels; ++pixel)
            for (int c = 0; c < channels; ++c) squares += std::pow(Real(to_double(x[at(pixel, c)])) - average, Real(2));
        const Real spread = std::sqrt(squares / (Real(pixels) * Real(channels)) + Real(1e-6f));
        for (int pixel = 0; pixel < pixels; ++pixel)
            for (int c = 0; c < channels; ++c) {
                const int channel = group * channels + c;
                const Real z = (Real(to_double(x[at(pixel, c)])) - average) / spread * Real(gamma[channel]) + Real(beta[channel]);
                y[at(pixel, c)] = swish ? z / (1 + std::exp(-z)) : z;
            }
    }
};

}  // namespace

LEAP_CASES(embed) {
    for (int C : {1, 7, 8, 96})
        for (int offset : {0, 1}) {
            const std::string name = text("C=%d, offset %d", C, offset);
            define(name + ", f32 to f32", [=] { check_embed<float, float>(C, offset); });
            define(name + ", f32 to bf16", [=] { check_embed<float, Bf16>(C, offset); });
            define(name + ", bf16 to f32", [=] { check_embed<Bf16, float>(C, offset); });
            define(name + ", bf16 to bf16", [=] { check_embed<Bf16, Bf16>(C, offset); });
        }
}

LEAP_CASES(gather_rows) {
    for (int C : {1, 7, 8, 96})
        for (int offset : {0, 1}) {
            define(text("C=%d, offset %d, f32", C, offset), [=] { check_gather<float>(C, offset); });
            define(text("C=%d, offset %d, bf16", C, offset), [=] { check_gather<Bf16>(C, offset); });
        }
}

LEAP_CASES(softmax_rows) {
    for (int columns : {1, 4, 7, 96, 1024, 1025, 1028, 4096, 4100, 16384, 16388})
        for (int offset : {0, 1}) {
            const std::string name = text("%d columns, offset %d", columns, offset);
            define(name + ", f32", [=] { check_softmax<float>(3, columns, 0.7f, offset); });
            define(name + ", bf16", [=] { check_softmax<Bf16>(3, columns, 0.7f, offset); });
        }
    define("a negative scale, f32", [] { check_softmax<float>(1, 100, -0.5f, 0); });
}

LEAP_CASES(group_norm) {
    // Packs of 8, 4, 2 and 1; one part and many; groups that share a block, that have more than one, and that are wider than one.
    const auto shapes = std::vector<std::tuple<int, int, int, int>>{
        {1, 1, 1, 1},     {2, 9, 32, 32},   {1, 64, 64, 8},    {2, 25, 30, 6},    {1, 1500, 16, 2}, {1, 1100, 128, 32},
        {2, 700, 256, 32}, {1, 9001, 64, 32}, {1, 7, 5120, 32}, {1, 5, 9600, 2}, {3, 19, 1100, 1}};
    for (const auto& [N, pixels, C, groups] : shapes)
        for (int offset : {0, 1}) {
            GroupNormCase call{N, pixels, C, groups};
            call.offset = offset;
            const std::string name = text("%d x %d x %d, %d groups, offset %d", N, pixels, C, groups, offset);
            define(name + ", bf16", [=] { call.check<Bf16>(); });
            call.swish = true;
            define(name + ", f32", [=] { call.check<float>(); });
        }
    define("swish, bf16", [] { GroupNormCase{1, 300, 64, 8, true}.check<Bf16>(); });
    define("no swish, f32", [] { GroupNormCase{1, 300, 64, 8, false}.check<float>(); });
    define("a swish of large numbers, f32", [] { GroupNormCase{.N = 1, .pixels = 9, .C = 64, .groups = 4, .swish = true, .gain = 100}.check<float>(); });
    define("a mean far from 0, f32", [] { GroupNormCase{1, 400, 32, 8, false, 1000}.check<float>(); });
    for (int C : {32, 256}) {
        GroupNormCase call{.N = 1, .pixels = 2000, .C = C, .groups = 8, .mean = 100, .deviation = 1};
        call.exact_sums = true;
        define(text("a mean of a hundred deviations, %d channels, f32", C), [=] { call.check<float>(); });
        call.mean = 3, call.slope = 200;
        define(text("parts with means far apart, %d channels, f32", C), [=] { call.check<float>(); });
        define(text("parts with means far apart, %d channels, bf16", C), [=] { call.check<Bf16>(); });
    }
    define_large("512 x 512 x 128, bf16", [] { GroupNormCase{1, 512 * 512, 128, 32, true, 0.5}.check<Bf16>(); });
    define_large("256 x 256 x 256, f32", [] { GroupNormCase{1, 256 * 256, 256, 32, true, 0.5}.check<float>(); });
    define_large("three of 64 x 64 x 512, bf16", [] { GroupNormCase{3, 64 * 64, 512, 32, false, 0.5}.check<Bf16>(); });
}

}  // namespace leap::cases
