/* add_rms_norm_cases.cpp: residual add and RMS norm. */
#include "norm_case.hpp"

namespace leap::cases {
namespace {

struct RmsNorm {
    /* A plain implementation rounds the normalised value to the residual's dtype, as the function is meant to. */
    template <class Real, class Residual>
    void row(const Residual* x, const std::vector<float>& gamma, const std::vector<float>&, float eps, int64_t C, double* y) const {
        Real squares = 0;
        for (int64_t c = 0; c < C; ++c) squares += Real(to_double(x[c])) * Real(to_double(x[c]));
        const Real root = std::sqrt(squares / Real(C) + Real(eps));
        for (int64_t c = 0; c < C; ++c) {
            const Real normalised = Real(to_double(x[c])) / root;
            const bool plain = std::is_same_v<Real, float>;
            y[c] = (plain ? Real(rounded_to<Residual>(normalised)) : normalised) * Real(gamma[c]);
        }
    }
};

}  // namespace

LEAP_CASES(add_rms_norm) {
    define_norm<float, float, float>(*this, leap_add_rms_norm, RmsNorm{}, false);
    define_norm<float, Bf16, Bf16>(*this, leap_add_rms_norm, RmsNorm{}, false);
    define_norm<Bf16, Bf16, Bf16>(*this, leap_add_rms_norm, RmsNorm{}, false);
    define_norm<Bf16, Bf16, float>(*this, leap_add_rms_norm, RmsNorm{}, false);
    define_norm<Bf16, float, Bf16>(*this, leap_add_rms_norm, RmsNorm{}, false);
}

}  // namespace leap::cases
