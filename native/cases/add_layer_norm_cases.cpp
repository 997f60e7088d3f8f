/* add_layer_norm_cases.cpp: residual add and layer norm. */
#include "norm_case.hpp"

namespace leap::cases {
namespace {

struct LayerNorm {
    template <class Real, class Residual>
    void row(const Residual* x, const std::vector<float>& gamma, const std::vector<float>& beta, float eps, int64_t C,
             double* y) const {
        Real sum = 0, squares = 0;
        for (int64_t c = 0; c < C; ++c) sum += Real(to_double(x[c]));
        const Real mean = sum / Real(C);
        for (int64_t c = 0; c < C; ++c) squares += (Real(to_double(x[c])) - mean) * (Real(to_double(x[c])) - mean);
        const Real deviation = std::sqrt(squares / Real(C) + Real(eps));
        for (int64_t c = 0; c < C; ++c)
            y[c] = (Real(to_double(x[c])) - mean) / deviation * Real(gamma[c]) + Real(beta[c]);
    }
};

}  // namespace

LEAP_CASES(add_layer_norm) {
    define_norm<float, float, float>(*this, leap_add_layer_norm, LayerNorm{}, true);
    define_norm<float, float, Bf16>(*this, leap_add_layer_norm, LayerNorm{}, true);
    define_norm<float, Bf16, float>(*this, leap_add_layer_norm, LayerNorm{}, true);
    define_norm<float, Bf16, Bf16>(*this, leap_add_layer_norm, LayerNorm{}, true);
    define("refusals", [] {
        expect_refused(leap_add_layer_norm(stream(), nullptr), LEAP_BAD_ARGUMENT, "the parameters are null");
        leap_add_norm_params p{};
        p.residual_dtype = LEAP_BF16;
        expect_refused(leap_add_layer_norm(stream(), &p), LEAP_BAD_DTYPE, "residual_dtype=1");
        p.residual_dtype = LEAP_F32, p.rows = p.C = 1;
        expect_refused(leap_add_layer_norm(stream(), &p), LEAP_BAD_ARGUMENT, "must not be null");
    });
}

}  // namespace leap::cases
