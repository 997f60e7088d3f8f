/* attention_cases.cpp: bidirectional attention. */
#include "attention_contract.hpp"

namespace leap::cases {

LEAP_CASES(attention) {
    define_attention_contract(*this, leap_attention);
    define_large("2 x 16 x 1025 x 48, bf16", [] {
        AttentionCase<Bf16>{.heads = 16, .kv_heads = 16, .head_dim = 48, .queries = {1025, 1025}, .keys = {1025, 1025}}.check(
            leap_attention);
    });
    define_large("4300 x 128, bf16", [] {
        AttentionCase<Bf16>{.heads = 1, .kv_heads = 1, .head_dim = 128, .queries = {4300}, .keys = {4300}}.check(leap_attention);
    });
}

}  // namespace leap::cases
