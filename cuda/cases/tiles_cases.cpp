/* tiles_cases.cpp: how kernels are cut: pure functions of sizes. */
#include "attention_tiles.hpp"
#include "case.hpp"
#include "sample_tiles.hpp"

namespace leap::cases {

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

LEAP_CASES(sample_tiles) {
    define("every codebook has the smallest tile", [] {
        for (int64_t V = 1; V <= MAX_SAMPLED_CODES + 1; ++V) {
            const int i = sample_tile(V);
            expect((i < 0) == (V > MAX_SAMPLED_CODES), "V=%lld has tile %d", (long long)V, i);
            if (i < 0) continue;
            expect(V <= SAMPLE_TILES[i].capacity(), "V=%lld does not fit tile %d", (long long)V, i);
            expect(i == 0 || V > SAMPLE_TILES[i - 1].capacity(), "V=%lld fits tile %d", (long long)V, i - 1);
        }
    });
    define("edges that the sampler's cases know", [] {
        for (int i = 0; i < 4; ++i) {
            constexpr int64_t CAPACITIES[] = {1024, 4096, 8192, 16384};
            expect(SAMPLE_TILES[i].capacity() == CAPACITIES[i], "tile %d holds %lld codes", i, (long long)SAMPLE_TILES[i].capacity());
        }
    });
    define("more codes than a block holds are refused", [] {
        Buffer<float> logits(1), confidence(1);
        Buffer<int32_t> positions(1), sampled(1);
        Buffer<uint64_t> seeds(1);
        Buffer<leap_step> step(1);
        leap_sample_params p{};
        p.logits = logits.data(), p.positions = positions.data(), p.seeds = seeds.data(), p.step = step.data();
        p.sampled = sampled.data(), p.confidence = confidence.data();
        p.images = p.guided = p.row_capacity = p.tokens = 1, p.V = MAX_SAMPLED_CODES + 1;
        expect_refused(leap_sample(stream(), &p), LEAP_BAD_SHAPE, text("V=%lld", (long long)p.V).c_str());
    });
}

}  // namespace leap::cases
