/* dtype_cases.cpp: every function refuses a dtype that there is not, before it looks at anything else. */
#include "case.hpp"

namespace leap::cases {

LEAP_CASES(dtypes) {
    constexpr leap_dtype NONE = 7;
    const auto refuses = [&](const char* argument, auto&& call) {
        define(argument, [=] { expect_refused(call(), LEAP_BAD_DTYPE, text("%s=%d", argument + std::string(argument).rfind(' ') + 1, NONE).c_str()); });
    };
    refuses("softmax_rows dtype", [] { return leap_softmax_rows(stream(), NONE, nullptr, 0, 0, 1); });
    refuses("add dtype", [] { return leap_add(stream(), NONE, nullptr, nullptr, 0); });
    refuses("convert x_dtype", [] { return leap_convert(stream(), NONE, nullptr, LEAP_F32, nullptr, 0); });
    refuses("convert y_dtype", [] { return leap_convert(stream(), LEAP_F32, nullptr, NONE, nullptr, 0); });
    refuses("activation dtype", [] { return leap_activation(stream(), NONE, LEAP_SILU, nullptr, nullptr, nullptr, 0, 0); });
    refuses("swiglu dtype", [] { return leap_swiglu(stream(), NONE, nullptr, nullptr, 0, nullptr, 0, 0); });
    refuses("modulate y_dtype", [] { return leap_modulate(stream(), nullptr, nullptr, nullptr, NONE, 0, 0, 1); });
    refuses("upsample dtype", [] { return leap_upsample_nearest_2x(stream(), NONE, nullptr, nullptr, 0, 0, 0, 0); });
    refuses("to_rgb dtype", [] { return leap_to_rgb(stream(), NONE, nullptr, nullptr, 0, -1, 1); });
    const auto with = [](auto params, auto&& spoil, auto&& function) {
        spoil(params);
        return function(stream(), &params);
    };
    refuses("rope dtype", [=] { return with(leap_rope_params{}, [](auto& p) { p.dtype = NONE; }, leap_rope); });
    refuses("add_layer_norm residual_dtype",
            [=] { return with(leap_add_norm_params{}, [](auto& p) { p.residual_dtype = NONE; }, leap_add_layer_norm); });
    refuses("add_rms_norm y_dtype",
            [=] { return with(leap_add_norm_params{}, [](auto& p) { p.y_dtype = NONE; }, leap_add_rms_norm); });
    refuses("add_rms_norm delta_dtype", [=] {
        static const float delta = 0;
        return with(leap_add_norm_params{}, [](auto& p) { p.delta = &delta, p.delta_dtype = NONE; }, leap_add_rms_norm);
    });
    refuses("embed table_dtype", [=] { return with(leap_embed_params{}, [](auto& p) { p.table_dtype = NONE; }, leap_embed); });
    refuses("embed out_dtype", [=] { return with(leap_embed_params{}, [](auto& p) { p.out_dtype = NONE; }, leap_embed); });
    refuses("group_norm dtype", [=] { return with(leap_group_norm_params{}, [](auto& p) { p.dtype = NONE; }, leap_group_norm); });
    refuses("gather_rows dtype", [=] { return with(leap_gather_params{}, [](auto& p) { p.dtype = NONE; }, leap_gather_rows); });
}

}  // namespace leap::cases
