/* elementwise_cases.cpp: the kernels that go over their operands once: add, conversion, activation, SwiGLU, RoPE, modulation, time embedding,
 * upsampling and RGB.
 */
#include "case.hpp"

namespace leap::cases {
namespace {

/* (rows, C) that packs fit and do not fit. */
const std::pair<int, int> SHAPES[] = {{1, 1}, {3, 7}, {5, 16}, {2, 97}, {300, 24}, {1, 1028}};

template <class Real>
Real sigmoid(Real x) {
    return 1 / (1 + std::exp(-x));
}

template <class T>
void check_add(int64_t n, int offset) {
    Random random;
    const auto x = random.normals<T>(n);
    auto y = random.normals<float>(n);
    Buffer<T> x_device(x, offset);
    Buffer<float> y_device(y, offset);
    expect_ok(leap_add(stream(), DTYPE<T>, x_device.data(), y_device.data(), n));
    for (int64_t i = 0; i < n; ++i) y[i] += float(to_double(x[i]));
    expect_equal("y", y_device.read(), y);
}

template <class X, class Y>
void check_convert(int64_t n, int offset) {
    Random random;
    auto x = random.normals<X>(n, 100);
    const float awkward[] = {0.0f, -0.0f, 1.00390625f, 1.01171875f, 3.4028235e38f, INFINITY, -INFINITY, NAN};
    for (int64_t i = 0; i < std::min<int64_t>(n, 8); ++i) x[i] = X(awkward[i]);
    Buffer<X> x_device(x, offset);
    Buffer<Y> y(n, offset);
    expect_ok(leap_convert(stream(), DTYPE<X>, x_device.data(), DTYPE<Y>, y.data(), n));
    std::vector<Y> wanted(n);
    for (int64_t i = 0; i < n; ++i) wanted[i] = Y(float(to_double(x[i])));
    expect_equal("y", y.read(), wanted);
}

template <class T>
void check_activation(int kind, int rows, int C, bool with_bias, int offset) {
    Random random;
    const auto x = random.normals<T>(rows * C, 3);
    const auto bias = random.normals<float>(C);
    Buffer<T> x_device(x, offset), y_device(rows * C, offset);
    Buffer<float> bias_device(bias, offset);
    expect_ok(leap_activation(stream(), DTYPE<T>, kind, x_device.data(), with_bias ? bias_device.data() : nullptr,
                              y_device.data(), rows, C));
    const auto formula = [&]<class Real>(Real, int i) {
        const Real z = Real(to_double(x[i])) + (with_bias ? Real(bias[i % C]) : Real(0));
        switch (kind) {
            case LEAP_GELU_ERF: return z / 2 * (1 + std::erf(z * Real(0.70710678118654752)));
            case LEAP_SILU: return z * sigmoid(z);
            default: return z;
        }
    };
    std::vector<double> reference(x.size()), plain(x.size());
    for (int i = 0; i < rows * C; ++i) {
        reference[i] = formula(double(), i);
        plain[i] = rounded_to<T>(formula(float(), i));
    }
    expect_close("y", y_device.read(), reference, plain);
    expect_ok(leap_activation(stream(), DTYPE<T>, kind, x_device.data(), with_bias ? bias_device.data() : nullptr,
                              x_device.data(), rows, C));
    expect_equal("y in place of x", x_device.read(), y_device.read());
}

template <class T>
void check_swiglu(int rows, int C, int offset) {
    Random random;
    const auto product = random.normals<T>(rows * 2 * C, 2);
    Buffer<T> product_device(product, offset), y_device(rows * C, offset);
    expect_ok(leap_swiglu(stream(), DTYPE<T>, product_device.data(), product_device.data() + C, 2 * C, y_device.data(), rows, C));
    const auto formula = [&]<class Real>(Real, int i) {
        const int64_t at = i / C * 2 * C + i % C;
        const Real gate = Real(to_double(product[at]));
        return gate * sigmoid(gate) * Real(to_double(product[at + C]));
    };
    std::vector<double> reference(rows * C), plain(rows * C);
    for (int i = 0; i < rows * C; ++i) {
        reference[i] = formula(double(), i);
        plain[i] = rounded_to<T>(formula(float(), i));
    }
    expect_close("y", y_device.read(), reference, plain);
}

/* Queries and keys of a (rows, 3 C) product; the values after them must stay. */
template <class T>
void check_rope(int rows, int heads, int head_dim, int offset) {
    Random random;
    const int C = heads * head_dim, half = head_dim / 2;
    const int64_t stride = C + 5;
    const auto x = random.normals<T>(rows * stride);
    std::vector<int32_t> positions(rows);
    for (int32_t& position : positions) position = int32_t(random.below(5000));
    std::vector<float> frequencies(half);
    for (int i = 0; i < half; ++i) frequencies[i] = float(std::pow(10000.0, -2.0 * i / head_dim));
    Buffer<T> x_device(x, offset);
    Buffer<int32_t> positions_device(positions);
    Buffer<float> frequencies_device(frequencies);
    leap_rope_params p{};
    p.x = x_device.data(), p.positions = positions_device.data(), p.frequencies = frequencies_device.data();
    p.stride = stride, p.rows = rows, p.heads = heads, p.head_dim = head_dim, p.dtype = DTYPE<T>;
    expect_ok(leap_rope(stream(), &p));
    std::vector<double> reference = to_doubles(x), plain = reference;
    for (int row = 0; row < rows; ++row)
        for (int h = 0; h < heads; ++h)
            for (int i = 0; i < half; ++i) {
                const float angle = float(positions[row]) * frequencies[i];  // a float32 product in the truth too
                const int64_t at = row * stride + h * head_dim + i;
                const double a = to_double(x[at]), b = to_double(x[at + half]), c = std::cos(double(angle)), s = std::sin(double(angle));
                reference[at] = a * c - b * s;
                reference[at + half] = b * c + a * s;
                plain[at] = rounded_to<T>(float(a) * float(c) - float(b) * float(s));
                plain[at + half] = rounded_to<T>(float(b) * float(c) + float(a) * float(s));
            }
    expect_close("x", x_device.read(), reference, plain);
}

template <class Y>
void check_modulate(int rows, int C, int rows_per_modulation, int offset) {
    Random random;
    const auto x = random.normals<float>(rows * C), modulation = random.normals<float>((rows / rows_per_modulation + 1) * 2 * C);
    Buffer<float> x_device(x, offset), modulation_device(modulation, offset);
    Buffer<Y> y_device(rows * C, offset);
    expect_ok(leap_modulate(stream(), x_device.data(), modulation_device.data(), y_device.data(), DTYPE<Y>, rows, C,
                            rows_per_modulation));
    std::vector<double> reference(rows * C), plain(rows * C);
    for (int i = 0; i < rows * C; ++i) {
        const float* own = &modulation[i / C / rows_per_modulation * 2 * C];
        const float scale = own[i % C], shift = own[C + i % C];
        reference[i] = double(x[i]) * (1 + double(scale)) + double(shift);
        plain[i] = rounded_to<Y>(x[i] * (1 + scale) + shift);
    }
    expect_close("y", y_device.read(), reference, plain);
}

template <class T>
void check_upsample(int N, int h, int w, int C, int offset) {
    Random random;
    const auto x = random.normals<T>(N * h * w * C);
    Buffer<T> x_device(x, offset), y_device(4 * x.size(), offset);
    expect_ok(leap_upsample_nearest_2x(stream(), DTYPE<T>, x_device.data(), y_device.data(), N, h, w, C));
    std::vector<T> wanted(4 * x.size());
    for (int n = 0; n < N; ++n)
        for (int i = 0; i < 2 * h; ++i)
            for (int j = 0; j < 2 * w; ++j)
                for (int c = 0; c < C; ++c)
                    wanted[((n * 2 * h + i) * 2 * w + j) * C + c] = x[((n * h + i / 2) * w + j / 2) * C + c];
    expect_equal("y", y_device.read(), wanted);
}

template <class T>
void check_to_rgb(int64_t n, int offset) {
    Random random;
    auto x = random.normals<T>(n);
    const float awkward[] = {-1.0f, 1.0f, NAN, INFINITY, -INFINITY, 0.0f, 0.00392156886f};
    for (int64_t i = 0; i < std::min<int64_t>(n, 7); ++i) x[i] = T(awkward[i]);
    Buffer<T> x_device(x, offset);
    Buffer<uint8_t> rgb(n, offset);
    expect_ok(leap_to_rgb(stream(), DTYPE<T>, x_device.data(), rgb.data(), n, -1, 1));
    std::vector<uint8_t> wanted(n);
    for (int64_t i = 0; i < n; ++i) {
        const float value = float(to_double(x[i]));
        const float clamped = std::isnan(value) ? -1 : std::clamp(value, -1.0f, 1.0f);
        wanted[i] = uint8_t(std::nearbyint((clamped + 1) / 2 * 255));
    }
    expect_equal("rgb", rgb.read(), wanted);
}

}  // namespace

LEAP_CASES(add) {
    for (int64_t n : {0, 1, 4, 97, 1024, 1025})
        for (int offset : {0, 1}) {
            define(text("n=%lld, offset %d, f32", (long long)n, offset), [=] { check_add<float>(n, offset); });
            define(text("n=%lld, offset %d, bf16", (long long)n, offset), [=] { check_add<Bf16>(n, offset); });
        }
}

LEAP_CASES(activation) {
    const char* const names[] = {"GELU", "SiLU", "identity"};
    for (int kind : {LEAP_GELU_ERF, LEAP_SILU, LEAP_IDENTITY})
        for (const auto& [rows, C] : SHAPES)
            for (int offset : {0, 1}) {
                const std::string name = text("%s, %d x %d, offset %d", names[kind], rows, C, offset);
                define(name + ", f32", [=] { check_activation<float>(kind, rows, C, offset == 0, offset); });
                define(name + ", bf16", [=] { check_activation<Bf16>(kind, rows, C, offset == 0, offset); });
            }
    define("refuses what is no activation", [] {
        expect_refused(leap_activation(stream(), LEAP_F32, 3, nullptr, nullptr, nullptr, 0, 0), LEAP_BAD_ARGUMENT,
                       "activation=3 is not GELU (0), SiLU (1) or the identity (2)");
    });
}

LEAP_CASES(convert) {
    for (int64_t n : {0, 1, 3, 4, 97, 3072})
        for (int offset : {0, 1}) {
            const std::string name = text("n=%lld, offset %d", (long long)n, offset);
            define(name + ", f32 to bf16", [=] { check_convert<float, Bf16>(n, offset); });
            define(name + ", bf16 to f32", [=] { check_convert<Bf16, float>(n, offset); });
            define(name + ", f32 to f32", [=] { check_convert<float, float>(n, offset); });
            define(name + ", bf16 to bf16", [=] { check_convert<Bf16, Bf16>(n, offset); });
        }
}

LEAP_CASES(swiglu) {
    for (const auto& [rows, C] : SHAPES)
        for (int offset : {0, 1}) {
            define(text("%d x %d, offset %d, f32", rows, C, offset), [=] { check_swiglu<float>(rows, C, offset); });
            define(text("%d x %d, offset %d, bf16", rows, C, offset), [=] { check_swiglu<Bf16>(rows, C, offset); });
        }
}

LEAP_CASES(rope) {
    for (const auto& [rows, heads, head_dim] : {std::tuple{1, 1, 2}, {3, 2, 6}, {5, 3, 64}, {2, 4, 128}, {2, 1, 400}})
        for (int offset : {0, 1}) {
            const std::string name = text("%d x %d x %d, offset %d", rows, heads, head_dim, offset);
            define(name + ", f32", [=] { check_rope<float>(rows, heads, head_dim, offset); });
            define(name + ", bf16", [=] { check_rope<Bf16>(rows, heads, head_dim, offset); });
        }
}

LEAP_CASES(modulate) {
    for (const auto& [rows, C] : SHAPES)
        for (int rows_per_modulation : {1, 2, 1000})
            for (int offset : {0, 1}) {
                const std::string name = text("%d x %d, %d rows each, offset %d", rows, C, rows_per_modulation, offset);
                define(name + ", f32", [=] { check_modulate<float>(rows, C, rows_per_modulation, offset); });
                define(name + ", bf16", [=] { check_modulate<Bf16>(rows, C, rows_per_modulation, offset); });
            }
}

LEAP_CASES(time_embedding) {
    for (const auto& [n, half] : {std::pair{1, 1}, {3, 96}, {2, 257}})
        define(text("%d x %d", n, half), [=] {
            std::vector<float> ratios(n);
            for (int i = 0; i < n; ++i) ratios[i] = float(i + 1) / float(n);
            Buffer<float> ratios_device(ratios), out(n * 2 * half);
            expect_ok(leap_time_embedding(stream(), ratios_device.data(), n, out.data(), half));
            std::vector<double> reference(n * 2 * half), plain;
            for (int i = 0; i < n; ++i)
                for (int k = 0; k < half; ++k) {
                    // The angle is float32 in the truth too: what it is rounded to is part of the function.
                    const float frequency = float(std::exp(double(float(-9.210340371976184) * float(k) / float(half))));
                    const double angle = 1000.0f * ratios[i] * frequency;
                    reference[i * 2 * half + k] = std::cos(angle);
                    reference[i * 2 * half + half + k] = std::sin(angle);
                }
            for (double value : reference) plain.push_back(float(value));
            expect_close("out", out.read(), reference, plain);
        });
}

LEAP_CASES(upsample) {
    for (const auto& [N, h, w, C] : {std::tuple{1, 1, 1, 1}, {2, 3, 5, 8}, {1, 4, 3, 7}, {1, 8, 8, 32}})
        for (int offset : {0, 1}) {
            const std::string name = text("%d x %d x %d x %d, offset %d", N, h, w, C, offset);
            define(name + ", f32", [=] { check_upsample<float>(N, h, w, C, offset); });
            define(name + ", bf16", [=] { check_upsample<Bf16>(N, h, w, C, offset); });
        }
}

LEAP_CASES(to_rgb) {
    for (int64_t n : {0, 1, 8, 97, 3072})
        for (int offset : {0, 1}) {
            define(text("n=%lld, offset %d, f32", (long long)n, offset), [=] { check_to_rgb<float>(n, offset); });
            define(text("n=%lld, offset %d, bf16", (long long)n, offset), [=] { check_to_rgb<Bf16>(n, offset); });
        }
}

}  // namespace leap::cases
