/* cross_attention_cases.cpp: attention to the tokens just sampled. */
#include "attention_contract.hpp"

namespace leap::cases {

LEAP_CASES(cross_attention) {
    define_attention_contract(*this, leap_cross_attention);
    // Blocks that stream several tiles of queries past their keys, with lists that fit the chip and lists that do not.
    for (int keys : {32, 300})
        define(text("%d keys, several tiles of queries to a block, bf16", keys), [keys] {
            AttentionCase<Bf16>{.heads = 16, .kv_heads = 16, .head_dim = 16, .queries = {150, 70}, .keys = {keys, 9}}.check(
                leap_cross_attention);
        });
    define_large("2 x 16 x 1025 x 24, 32 keys, bf16", [] {
        AttentionCase<Bf16>{.heads = 16, .kv_heads = 16, .head_dim = 24, .queries = {1025, 1025}, .keys = {32, 30}}.check(
            leap_cross_attention);
    });
    define_large("32 x 4300 x 64, 128 keys, bf16", [] {
        AttentionCase<Bf16>{.heads = 32, .kv_heads = 32, .head_dim = 64, .queries = {4300}, .keys = {128}}.check(
            leap_cross_attention);
    });
}

}  // namespace leap::cases
