/* attention_cases.cpp: bidirectional attention. */
#include "attention_contract.hpp"
#include "attention_tiles.hpp"

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

LEAP_CASES(attention_tiles) {
    using namespace leap::attention;
    define("every head size has the next larger kernel", [] {
        for (int head_dim = 1; head_dim <= 128; ++head_dim) {
            const int head = padded_head(head_dim);
            expect(head >= head_dim, "head_dim %d runs in %d", head_dim, head);
            for (int smaller : HEADS) expect(smaller < head_dim || smaller >= head, "head_dim %d fits %d", head_dim, smaller);
        }
        expect(padded_head(129) == 0, "129 has a kernel");
    });
    define("rows of a tile meet different banks", [] {
        for (int head : HEADS) {
            expect(row_bytes(head) % 16 == 0 && row_bytes(head) >= 2 * head, "rows of %d bytes", row_bytes(head));
            unsigned banks = 0;
            for (int row = 0; row < 8; ++row) banks |= 1u << row * row_bytes(head) / 16 % 8;
            expect(banks == 0xFF, "head %d: eight rows lie in the groups of banks %02x", head, banks);
        }
    });
    define("tiles fit a multiprocessor of sm_80", [] {
        for (int head : HEADS) {
            const AttentionTile tile = attention_tile(head);
            expect(tile.rows() == 128 && TILE_KEYS % tile.step_keys == 0 && tile.step_keys % GROUP_KEYS == 0, "head %d", head);
            expect(tile.blocks * attention_shared_bytes(head) <= 163 * 1024, "head %d: %zu bytes of shared memory", head,
                   attention_shared_bytes(head));
        }
    });
    define("cross-attention's blocks", [] {
        expect(cross_keys_on_chip(0) == 0 && cross_keys_on_chip(1) == 16 && cross_keys_on_chip(32) == 32 &&
                   cross_keys_on_chip(33) == 48 && cross_keys_on_chip(1000) == CROSS_KEYS,
               "keys on chip are not whole groups");
        expect(cross_tiles_per_block(1025, 16, 2, 132) == 1, "MaskGIT's queries are streamed");
        expect(cross_tiles_per_block(4300, 32, 2, 132) == 8, "DiMOO's queries are not");
        expect(cross_tiles_per_block(0, 1, 1, 132) == 1, "no queries");
    });
}

}  // namespace leap::cases
