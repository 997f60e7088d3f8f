/* norm_case.hpp: one call of residual add and norm, for either norm. */
#pragma once

#include "case.hpp"

namespace leap::cases {

using AddNorm = leap_status (*)(leap_stream, const leap_add_norm_params*);

enum class Alias { NONE, DELTA, RESIDUAL };

/* Runs `function` on (rows, C) and compares residual and y. norm(row, gamma, beta, y) computes one row in Real: double is the
 * truth, float what a plain implementation computes. */
template <class Residual, class Delta, class Y, class Norm>
struct AddNormCase {
    AddNorm function = nullptr;
    Norm norm{};
    int64_t rows = 0, C = 0;
    bool with_delta = true, with_beta = true;
    double deviation = 2, mean = 0.5;
    int offset = 0;  // elements by which the tensors miss their allocation's alignment
    Alias alias = Alias::NONE;
    float eps = 1e-5f;

    void check() const {
        Random random;
        const auto residual = random.normals<Residual>(rows * C, deviation, mean);
        const auto delta = random.normals<Delta>(rows * C, deviation);
        const auto gamma = random.normals<float>(C, 0.3, 1), beta = random.normals<float>(C, 0.5);
        Buffer<Residual> residual_device(residual, offset);
        Buffer<Delta> delta_device(delta, offset);
        Buffer<float> gamma_device(gamma, offset), beta_device(beta, offset);
        Buffer<Y> y_device(rows * C, offset);
        leap_add_norm_params p{};
        p.residual = residual_device.data(), p.delta = with_delta ? delta_device.data() : nullptr;
        p.gamma = gamma_device.data(), p.beta = with_beta ? beta_device.data() : nullptr, p.y = y_device.data();
        if (alias == Alias::DELTA) p.y = delta_device.data();
        if (alias == Alias::RESIDUAL) p.y = residual_device.data();
        p.rows = rows, p.C = C, p.eps = eps;
        p.residual_dtype = DTYPE<Residual>, p.delta_dtype = DTYPE<Delta>, p.y_dtype = DTYPE<Y>;
        expect_ok(function(stream(), &p));

        std::vector<Residual> sum(rows * C);
        for (int64_t i = 0; i < rows * C; ++i)
            sum[i] = with_delta ? Residual(float(to_double(residual[i])) + float(to_double(delta[i]))) : residual[i];
        std::vector<double> reference(rows * C), plain(rows * C);
        for (int64_t r = 0; r < rows; ++r) {
            norm.template row<double, Residual>(&sum[r * C], gamma, beta, eps, C, &reference[r * C]);
            norm.template row<float, Residual>(&sum[r * C], gamma, beta, eps, C, &plain[r * C]);
        }
        for (double& value : plain) value = rounded_to<Y>(value);
        if (alias != Alias::RESIDUAL) expect_equal("residual", residual_device.read(), sum);
        const std::vector<double> actual = alias == Alias::DELTA      ? to_doubles(delta_device.read())
                                           : alias == Alias::RESIDUAL ? to_doubles(residual_device.read())
                                                                      : to_doubles(y_device.read());
        expect_close("y", actual, reference, plain, FLOOR<Y>);
    }
};

/* Defines the cases that both norms share, for one choice of dtypes. */
template <class Residual, class Delta, class Y, class Norm>
void define_norm(const CasesOf& cases, AddNorm function, const Norm& norm, bool with_beta) {
    using Call = AddNormCase<Residual, Delta, Y, Norm>;
    const std::string dtypes = text("residual %s, delta %s, y %s", DTYPE_NAME<Residual>, DTYPE_NAME<Delta>, DTYPE_NAME<Y>);
    const auto define = [&](const std::string& name, Call call) {
        call.function = function, call.norm = norm, call.with_beta = with_beta;
        cases.define(name + ", " + dtypes, [=] { call.check(); });
    };
    for (const auto& [rows, C] : std::vector<std::pair<int, int>>{
             {1, 1}, {1, 4}, {7, 20}, {9, 31}, {5, 768}, {3, 1024}, {3, 1028}, {2, 4096}, {2, 4100}, {1, 16384}, {1, 16388}})
        define(text("%d x %d", rows, C), {.rows = rows, .C = C});
    define("nothing to add", {.rows = 5, .C = 768, .with_delta = false});
    define("off alignment", {.rows = 5, .C = 768, .offset = 1});
    define("a mean far from 0", {.rows = 3, .C = 768, .deviation = 1, .mean = 100});
    if constexpr (std::is_same_v<Y, Delta>) define("y in place of delta", {.rows = 5, .C = 96, .alias = Alias::DELTA});
    if constexpr (std::is_same_v<Y, Residual>)
        define("y in place of residual", {.rows = 5, .C = 96, .with_delta = false, .alias = Alias::RESIDUAL});
    cases.define_large("4096 x 768, " + dtypes, [=] {
        Call call{.function = function, .norm = norm, .rows = 4096, .C = 768};
        call.with_beta = with_beta;
        call.check();
    });
}

}  // namespace leap::cases
