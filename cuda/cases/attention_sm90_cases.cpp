/* attention_sm90_cases.cpp: attention on Hopper's own instructions, whatever the library would choose. */
#include "attention_case.hpp"
#include "attention_sm90.hpp"

namespace leap::cases {
namespace {

leap_status attention_on_sm90(leap_stream stream, const leap_attention_params* p) {
    expect(attention::fits_sm90(*p), "the call does not fit Hopper's kernel");
    return attention::sm90(stream, *p);
}

void need_hopper() {
    DeviceProperties device;
    expect_ok(device_properties(device));
    if (device.compute_capability != 90) throw LeftOut();
}

using Call = AttentionCase<Bf16>;

}  // namespace

LEAP_CASES(attention_sm90) {
    const auto define_call = [&](const std::string& name, const Call& call) {
        define(name, [=] {
            need_hopper();
            call.check(attention_on_sm90);
        });
    };
    for (int head_dim : {48, 64, 128}) {
        for (int keys : {1, 16, 17, 127, 128, 129, 256, 300})
            define_call(text("head_dim %d, %d keys", head_dim, keys),
                        {.heads = 1, .kv_heads = 1, .head_dim = head_dim, .queries = {20}, .keys = {keys}});
        for (int queries : {1, 63, 64, 65, 127, 128, 129})
            define_call(text("head_dim %d, %d queries", head_dim, queries),
                        {.heads = 1, .kv_heads = 1, .head_dim = head_dim, .queries = {queries}, .keys = {40}});
        define_call(text("head_dim %d, sequences of all lengths", head_dim),
                    {.head_dim = head_dim, .queries = {33, 0, 1, 70, 5}, .keys = {140, 7, 0, 90, 1}, .slack = 100});
        define_call(text("head_dim %d, NaN behind the keys", head_dim),
                    {.head_dim = head_dim, .queries = {20, 20}, .keys = {21, 150}, .gap = 40});
        define_call(text("head_dim %d, peaky weights", head_dim),
                    {.head_dim = head_dim, .queries = {20}, .keys = {300}, .magnitude = 8});
    }
    define_call("grouped key heads", {.heads = 6, .kv_heads = 2, .head_dim = 64, .queries = {20}, .keys = {50}});
    define_call("shared keys", {.head_dim = 64, .queries = {10, 20}, .keys = {40, 40}, .shared_keys = true});
    define_call("rows 8 elements apart", {.head_dim = 48, .queries = {20}, .keys = {40}, .padding = 8});
    for (const auto& [T, D] : {std::pair{1025, 48}, std::pair{4300, 128}})
        define_large(text("%d x %d", T, D), [=] {
            need_hopper();
            Call{.heads = 1, .kv_heads = 1, .head_dim = D, .queries = {T}, .keys = {T}}.check(attention_on_sm90);
        });
    define("which calls fit", [] {
        alignas(16) static Bf16 memory[8];
        leap_attention_params p{};
        p.q = p.k = p.v = memory, p.out = memory, p.q_stride = p.k_stride = p.v_stride = p.out_stride = 64;
        p.head_dim = 64, p.scale = 1, p.dtype = LEAP_BF16;
        expect(attention::fits_sm90(p), "a plain call does not fit");
        const auto refuses = [&](auto&& change, const char* what) {
            leap_attention_params other = p;
            change(other);
            expect(!attention::fits_sm90(other), "%s fits", what);
        };
        refuses([](auto& o) { o.dtype = LEAP_F32; }, "float32");
        refuses([](auto& o) { o.head_dim = 32; }, "a head of 32");
        refuses([](auto& o) { o.scale = -1; }, "a negative scale");
        refuses([](auto& o) { o.k_stride = 68; }, "a stride of 68");
        refuses([](auto& o) { o.v = memory + 1; }, "an address off 16 bytes");
    });
    define("what the environment asks for", [] {
        using attention::Choice;
        using attention::parse_choice;
        expect(parse_choice(nullptr) == Choice::AUTO && parse_choice("auto") == Choice::AUTO, "auto");
        expect(parse_choice("sm80") == Choice::SM80 && parse_choice("sm90") == Choice::SM90, "sm80 or sm90");
        expect(parse_choice("") == Choice::UNKNOWN && parse_choice("SM90") == Choice::UNKNOWN, "other values");
    });
}

}  // namespace leap::cases
