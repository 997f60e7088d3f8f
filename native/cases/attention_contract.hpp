/* attention_contract.hpp: the cases that attention and cross-attention share: they mean the same. */
#pragma once

#include "attention_case.hpp"

namespace leap::cases {

/* Defines the cases of one dtype. */
template <class T>
void define_attention_contract(const CasesOf& cases, AttentionFunction function) {
    const char* dtype = DTYPE_NAME<T>;
    const auto define = [&](const std::string& name, const AttentionCase<T>& c) {
        cases.define(text("%s, %s", name.c_str(), dtype), [=] { c.check(function); });
    };
    // Head sizes with a kernel of their own, and between them.
    for (int head_dim : {16, 24, 32, 48, 64, 80, 96, 128, 1, 7, 8, 20, 40, 100, 127})
        define(text("head_dim %d", head_dim), {.head_dim = head_dim, .queries = {37, 5}, .keys = {70, 33}});
    // Tiles, their ends, and empty sequences.
    for (int keys : {0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 200})
        define(text("%d keys", keys), {.head_dim = 24, .queries = {18}, .keys = {keys}});
    for (int queries : {1, 15, 16, 17, 63, 64, 65, 127, 128, 129, 257})
        define(text("%d queries", queries), {.heads = 1, .kv_heads = 1, .head_dim = 16, .queries = {queries}, .keys = {19}});
    define("no queries", {.queries = {0}, .keys = {5}});
    define("sequences of all lengths", {.head_dim = 48, .queries = {33, 0, 1, 70, 16}, .keys = {40, 7, 0, 90, 1}});
    define("bounds above the longest", {.head_dim = 48, .queries = {33, 70}, .keys = {40, 90}, .slack = 200});
    define("NaN behind the keys", {.head_dim = 24, .queries = {20, 20}, .keys = {21, 35}, .gap = 30});
    define("grouped key heads", {.heads = 6, .kv_heads = 2, .head_dim = 32, .queries = {20}, .keys = {50}});
    define("one key head", {.heads = 3, .kv_heads = 1, .head_dim = 64, .queries = {20}, .keys = {50}});
    define("shared keys", {.head_dim = 24, .queries = {10, 20}, .keys = {40, 40}, .shared_keys = true});
    define("peaky weights", {.head_dim = 48, .queries = {20}, .keys = {150}, .magnitude = 8});
    define("a negative scale", {.head_dim = 48, .queries = {20}, .keys = {70}, .magnitude = 2, .scale = -0.3f});
    define("equal weights, a tiny scale", {.head_dim = 48, .queries = {20}, .keys = {70}, .scale = 1e-30f});
    for (int padding : {1, 2, 8})
        define(text("rows %d elements apart", padding), {.head_dim = 24, .queries = {20}, .keys = {40}, .padding = padding});
    for (int offset : {1, 2, 4})
        define(text("tensors %d elements off", offset), {.head_dim = 32, .queries = {20}, .keys = {40}, .offset = offset});
}

/* Slices of one (rows, 3 C) product, as the networks have them. */
template <class T>
void check_attention_on_slices(AttentionFunction function) {
    constexpr int ROWS = 40, HEADS = 2, DIM = 24, C = HEADS * DIM;
    Random random;
    const auto product = random.normals<T>(ROWS * 3 * C);
    Buffer<T> product_device(product), out(ROWS * C), q(ROWS * C), k(ROWS * C), v(ROWS * C), separate(ROWS * C);
    const auto slice = [&](int part) {
        std::vector<T> rows(ROWS * C);
        for (int row = 0; row < ROWS; ++row)
            std::copy_n(product.begin() + row * 3 * C + part * C, C, rows.begin() + row * C);
        return rows;
    };
    q.write(slice(0)), k.write(slice(1)), v.write(slice(2));
    Buffer<int32_t> offsets(std::vector<int32_t>{0, ROWS}), counts(std::vector<int32_t>{ROWS});
    leap_attention_params p{};
    p.q_offsets = offsets.data(), p.k_offsets = offsets.data(), p.k_counts = counts.data();
    p.q_rows = p.k_rows = ROWS, p.sequences = 1, p.heads = p.kv_heads = HEADS, p.head_dim = DIM;
    p.max_queries = p.max_keys = ROWS, p.scale = 0.2f, p.dtype = DTYPE<T>;
    p.q = product_device.data(), p.k = product_device.data() + C, p.v = product_device.data() + 2 * C, p.out = out.data();
    p.q_stride = p.k_stride = p.v_stride = 3 * C, p.out_stride = C;
    expect_ok(function(stream(), &p));
    p.q = q.data(), p.k = k.data(), p.v = v.data(), p.out = separate.data();
    p.q_stride = p.k_stride = p.v_stride = C;
    expect_ok(function(stream(), &p));
    expect_equal("out", out.read(), separate.read());
}

/* Offsets and counts that lie: nothing outside the tensors is read or written. */
template <class T>
void check_attention_with_lies(AttentionFunction function) {
    leave_out_where_lies_are_refused();
    constexpr int ROWS = 20, DIM = 16;
    Random random;
    Buffer<T> q(random.normals<T>(ROWS * DIM)), k(random.normals<T>(ROWS * DIM)), v(random.normals<T>(ROWS * DIM));
    const std::vector<std::vector<int32_t>> lies[] = {
        {{0, 1000}, {0}, {20}}, {{0, 20}, {0}, {1000}},  {{0, 20}, {15}, {20}}, {{0, 20}, {-3}, {20}},
        {{-5, 20}, {0}, {20}},  {{20, 0}, {0}, {20}},    {{0, 20}, {0}, {-1}},  {{0, 20}, {2000000000}, {20}},
        {{19, 25}, {0}, {20}},  {{1000, 1020}, {0}, {3}}};
    for (const auto& lie : lies) {
        Buffer<T> out(ROWS * DIM);
        Buffer<int32_t> q_offsets(lie[0]), k_offsets(lie[1]), k_counts(lie[2]);
        leap_attention_params p{};
        p.q = q.data(), p.k = k.data(), p.v = v.data(), p.out = out.data();
        p.q_stride = p.k_stride = p.v_stride = p.out_stride = DIM;
        p.q_offsets = q_offsets.data(), p.k_offsets = k_offsets.data(), p.k_counts = k_counts.data();
        p.q_rows = p.k_rows = ROWS, p.sequences = 1, p.heads = p.kv_heads = 1, p.head_dim = DIM;
        p.max_queries = p.max_keys = 40, p.scale = 1, p.dtype = DTYPE<T>;
        expect_ok(function(stream(), &p));  // guards and sanitizers see the rest
    }
}

/* What both attentions must do, in both dtypes. */
inline void define_attention_contract(const CasesOf& cases, AttentionFunction function) {
    define_attention_contract<float>(cases, function);
    define_attention_contract<Bf16>(cases, function);
    cases.define("slices of one product, f32", [=] { check_attention_on_slices<float>(function); });
    cases.define("slices of one product, bf16", [=] { check_attention_on_slices<Bf16>(function); });
    cases.define("offsets and counts that lie, f32", [=] { check_attention_with_lies<float>(function); });
    cases.define("offsets and counts that lie, bf16", [=] { check_attention_with_lies<Bf16>(function); });
    cases.define("refusals", [=] {
        expect_refused(function(stream(), nullptr), LEAP_BAD_ARGUMENT, "the parameters are null");
        leap_attention_params p{};
        p.heads = p.kv_heads = 1, p.head_dim = 129;
        expect_refused(function(stream(), &p), LEAP_BAD_SHAPE, "head_dim=129");
        p.head_dim = 8, p.dtype = 7;
        expect_refused(function(stream(), &p), LEAP_BAD_DTYPE, "dtype=7");
    });
}

}  // namespace leap::cases
