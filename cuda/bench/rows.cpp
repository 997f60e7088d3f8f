/* rows.cpp: kernels whose bound is memory: norms and softmax. Shapes are (rows, C), of the group norm (pixels, C). */
#include <cmath>

#include "bench.hpp"

namespace leap::bench {
namespace {

using cases::Bf16;
using cases::to_double;

/* The residual is float32 (bfloat16 for the RMS norm, as in Lumina-DiMOO), delta and y bfloat16. */
template <class Residual>
void bench_add_norm(const char* kernel, leap_status (*function)(leap_stream, const leap_add_norm_params*), int rows, int C) {
    if (!is_wanted(kernel)) return;
    const double bytes = double(rows) * C * (2 * sizeof(Residual) + 2 * sizeof(Bf16));
    const int copies = rotations(bytes);
    const Normals<Residual> residual(int64_t(rows) * C, copies);
    const Normals<Bf16> delta(int64_t(rows) * C, copies);
    const Rotating<Bf16> y(int64_t(rows) * C, copies);
    const Rotating<float> gamma(std::vector<float>(C, 1.0f), 1), beta(std::vector<float>(C, 0.0f), 1);
    const auto call = [&](leap_stream stream, int i) {
        leap_add_norm_params p{};
        p.residual = residual.at(i), p.delta = delta.at(i), p.gamma = gamma.at(0), p.y = y.at(i);
        p.beta = function == leap_add_layer_norm ? beta.at(0) : nullptr;
        p.rows = rows, p.C = C, p.residual_dtype = cases::DTYPE<Residual>, p.delta_dtype = p.y_dtype = LEAP_BF16, p.eps = 1e-5f;
        require(function(stream, &p));
    };
    run_once(call);
    const std::vector<Bf16> result = y.read(0);
    double squares = 0;  // of a normalised row
    for (int64_t c = 0; c < C; ++c) squares += std::pow(to_double(result[(int64_t(rows) - 1) * C + c]), 2);
    check_close(kernel, squares / C, 1, 0.02);
    report({kernel, {rows, C}, cases::DTYPE_NAME<Residual>, time_calls(call), bytes, 0});
}

void bench_softmax(int rows, int columns) {
    constexpr const char* KERNEL = "softmax_rows";
    if (!is_wanted(KERNEL)) return;
    const double bytes = 2.0 * rows * columns * sizeof(Bf16);
    const Normals<Bf16> x(int64_t(rows) * columns, rotations(bytes));
    const auto call = [&](leap_stream stream, int i) {
        require(leap_softmax_rows(stream, LEAP_BF16, x.at(i), rows, columns, 1));
    };
    run_once(call);
    const std::vector<Bf16> result = x.read(0);
    double sum = 0;
    for (int64_t c = 0; c < columns; ++c) sum += to_double(result[(int64_t(rows) - 1) * columns + c]);
    check_close(KERNEL, sum, 1, 0.02);
    report({KERNEL, {rows, columns}, "bf16", time_calls(call), bytes, 0});
}

void bench_group_norm(int pixels, int C) {
    constexpr const char* KERNEL = "group_norm_swish";
    constexpr int64_t GROUPS = 32;
    constexpr double MEAN_OF_SWISH = 0.2066;  // of a normal variable
    if (!is_wanted(KERNEL)) return;
    const double bytes = 3.0 * pixels * C * sizeof(Bf16);
    const int copies = rotations(bytes);
    const Normals<Bf16> x(int64_t(pixels) * C, copies);
    const Rotating<Bf16> y(int64_t(pixels) * C, copies);
    const Rotating<float> gamma(std::vector<float>(C, 1.0f), 1), beta(std::vector<float>(C, 0.0f), 1);
    const Rotating<char> scratch(GROUPS * LEAP_GROUP_NORM_SCRATCH, 1);
    const auto call = [&](leap_stream stream, int i) {
        leap_group_norm_params p{};
        p.x = x.at(i), p.gamma = gamma.at(0), p.beta = beta.at(0), p.y = y.at(i);
        p.scratch = scratch.at(0), p.scratch_bytes = GROUPS * LEAP_GROUP_NORM_SCRATCH;
        p.N = 1, p.pixels = pixels, p.C = C, p.groups = GROUPS, p.eps = 1e-6f, p.dtype = LEAP_BF16, p.swish = 1;
        require(leap_group_norm(stream, &p));
    };
    run_once(call);
    const std::vector<Bf16> result = y.read(0);
    double sum = 0;
    for (Bf16 value : result) sum += to_double(value);
    check_close(KERNEL, sum / double(result.size()), MEAN_OF_SWISH, 0.01);
    report({KERNEL, {pixels, C}, "bf16", time_calls(call), bytes, 0});
}

}  // namespace

void bench_rows() {
    bench_add_norm<float>("add_layer_norm", leap_add_layer_norm, size(2050), 768);
    bench_add_norm<float>("add_layer_norm", leap_add_layer_norm, size(65536), 768);
    bench_add_norm<Bf16>("add_rms_norm", leap_add_rms_norm, size(4300), 4096);
    bench_softmax(size(4096), size(4096));
    bench_group_norm(size(512 * 512), 128);
    bench_group_norm(size(256 * 256), 256);
    bench_group_norm(size(64 * 64), 512);
}

}  // namespace leap::bench
