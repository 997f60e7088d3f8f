/* tiles_cases.cpp: how kernels are cut: pure functions of sizes. */
#include "attention_tiles.hpp"
#include "case.hpp"
#include "group_norm_tiles.hpp"
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

LEAP_CASES(group_norm_tiles) {
    using namespace leap::group_norm;
    define("chunks hold every pixel once", [] {
        for (int64_t pixels : {1, 2, 31, 257, 1500, 4096, 9001, 65536, 262143, 1 << 20, 1 << 30})
            for (int64_t C : {1, 3, 32, 128, 512, 4100}) {
                const Chunks chunks = cut_pixels(pixels, C);
                expect(chunks.count >= 1 && chunks.count <= MAX_CHUNKS, "%lld x %lld has %d chunks", (long long)pixels, (long long)C,
                       chunks.count);
                int64_t sum = 0;
                for (int i = 0; i < chunks.count; ++i) {
                    const int64_t own = chunks.pixels_of(i, pixels);
                    expect(own >= 1 && own <= chunks.pixels, "%lld x %lld: chunk %d has %lld pixels", (long long)pixels, (long long)C, i,
                           (long long)own);
                    sum += own;
                }
                expect(sum == pixels, "%lld x %lld: chunks hold %lld pixels", (long long)pixels, (long long)C, (long long)sum);
            }
    });
    define("the decoder's images are cut for a whole GPU", [] {
        for (const auto& [side, C, count] : {std::tuple{512, 128, 256}, {256, 256, 256}, {128, 256, 256}, {64, 512, 128}, {32, 512, 32}}) {
            const Chunks chunks = cut_pixels(side * side, C);
            expect(chunks.count == count, "%d x %d x %d has %d chunks", side, side, C, chunks.count);
        }
    });
    define("a block's groups have a thread for every pack", [] {
        for (const auto& [packs_per_group, groups, wanted] :
             {std::tuple{1, 32, 32}, {2, 32, 32}, {20, 32, 25}, {512, 32, 1}, {513, 32, 1}, {5000, 1, 1}, {1, 1000, 512}})
            expect(groups_per_block(packs_per_group, groups) == wanted, "%d packs of %d groups: %d to a block", packs_per_group, groups,
                   groups_per_block(packs_per_group, groups));
    });
    define("scratch that is too small is refused", [] {
        constexpr int64_t N = 2, GROUPS = 4, WANTED = N * GROUPS * LEAP_GROUP_NORM_SCRATCH;
        Buffer<float> x(N * 3 * 8), gamma(8), beta(8), y(N * 3 * 8);
        Buffer<std::byte> scratch(WANTED + 16);
        leap_group_norm_params p{};
        p.x = x.data(), p.gamma = gamma.data(), p.beta = beta.data(), p.y = y.data();
        p.N = N, p.pixels = 3, p.C = 8, p.groups = GROUPS, p.dtype = LEAP_F32;
        p.scratch_bytes = WANTED;
        expect_refused(leap_group_norm(stream(), &p), LEAP_BAD_ARGUMENT, "wanted 16384 for N=2 and groups=4");
        p.scratch = scratch.data(), p.scratch_bytes = WANTED - 1;
        expect_refused(leap_group_norm(stream(), &p), LEAP_BAD_ARGUMENT, "scratch_bytes=16383");
        p.scratch = scratch.data() + 8, p.scratch_bytes = WANTED;
        expect_refused(leap_group_norm(stream(), &p), LEAP_BAD_ARGUMENT, "aligned to 16 bytes");
    });
    define("more images than a grid holds are refused", [] {
        Buffer<float> one(1);
        leap_group_norm_params p{};
        p.x = p.gamma = p.beta = one.data(), p.y = one.data(), p.N = 65536, p.pixels = p.C = p.groups = 1, p.dtype = LEAP_F32;
        expect_refused(leap_group_norm(stream(), &p), LEAP_BAD_SHAPE, "N=65536");
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
        p.images = p.sequences_per_image = p.row_capacity = p.tokens = 1, p.V = MAX_SAMPLED_CODES + 1;
        expect_refused(leap_sample(stream(), &p), LEAP_BAD_SHAPE, text("V=%lld", (long long)p.V).c_str());
    });
}

}  // namespace leap::cases
