/* philox_cases.cpp: Philox uniforms, and the implementation that the sampler's cases compare with too. */
#include <array>

#include "sample_case.hpp"

namespace leap::cases {
namespace {

using Words = std::array<uint32_t, 4>;

/* Ten rounds of Philox4x32, from the paper. Source: Salmon et al. 2011, section 3.3. */
Words philox(Words x, uint32_t key_0, uint32_t key_1) {
    for (int round = 0; round < 10; ++round) {
        const uint64_t left = 0xD2511F53ull * x[0], right = 0xCD9E8D57ull * x[2];
        x = {uint32_t(right >> 32) ^ x[1] ^ key_0, uint32_t(right), uint32_t(left >> 32) ^ x[3] ^ key_1, uint32_t(left)};
        key_0 += 0x9E3779B9, key_1 += 0xBB67AE85;
    }
    return x;
}

double to_uniform(uint32_t word) { return ((word >> 9) + 0.5) / 8388608; }

/* A published known answer. Source: kat_vectors of Random123 (Salmon et al. 2011). */
struct KnownAnswer {
    Words counter;
    uint32_t key_0, key_1;
    Words words;
};

constexpr KnownAnswer KNOWN_ANSWERS[] = {
    {{0, 0, 0, 0}, 0, 0, {0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8}},
    {{~0u, ~0u, ~0u, ~0u}, ~0u, ~0u, {0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD}},
    {{0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344}, 0xA4093822, 0x299F31D0,
     {0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1}}};

std::vector<float> uniforms(uint64_t seed, uint32_t first_index, uint32_t position, uint32_t step, uint32_t purpose, int64_t n,
                            int offset = 0) {
    Buffer<float> out(n, offset);
    expect_ok(leap_philox_uniform(stream(), seed, first_index, position, step, purpose, out.data(), n));
    return out.read();
}

void check_philox(uint64_t seed, uint32_t first_index, uint32_t position, uint32_t step, uint32_t purpose, int64_t n,
                  int offset) {
    std::vector<float> wanted(n);
    for (int64_t i = 0; i < n; ++i)
        wanted[i] = float(philox_uniform(seed, first_index + uint32_t(i), position, step, purpose));
    expect_equal("out", uniforms(seed, first_index, position, step, purpose, n, offset), wanted);
}

}  // namespace

double philox_uniform(uint64_t seed, uint32_t index, uint32_t position, uint32_t step, uint32_t purpose) {
    return to_uniform(philox({index / 4, position, step, purpose}, uint32_t(seed), uint32_t(seed >> 32))[index % 4]);
}

LEAP_CASES(philox) {
    define("known answers", [] {
        for (const KnownAnswer& known : KNOWN_ANSWERS) {
            const auto& [c, key_0, key_1, words] = known;
            expect(philox(c, key_0, key_1) == words, "the reference misses the answer to %08x", c[0]);
            if (c[0] >> 30 != 0) continue;  // no index reaches this counter
            std::vector<float> wanted;
            for (uint32_t word : words) wanted.push_back(float(to_uniform(word)));
            expect_equal("out", uniforms(uint64_t(key_1) << 32 | key_0, 4 * c[0], c[1], c[2], c[3], 4), wanted);
        }
    });
    for (int64_t n : {0, 1, 3, 97, 1025})
        for (uint32_t first_index : {0u, 1u, 2u, 7u, 0xFFFFFFFDu})  // the last one comes round to 0
            for (int offset : {0, 1})
                define(text("n=%lld from %u, offset %d", (long long)n, first_index, offset),
                       [=] { check_philox(0x123456789ABCDEF, first_index, 5, 11, LEAP_PURPOSE_DRAW, n, offset); });
    define("every part of key and counter", [] {
        for (int bit = 0; bit < 64; bit += 7) check_philox(1ull << bit, 3, 0, 0, 0, 9, 0);
        for (int bit = 0; bit < 32; bit += 5) {
            check_philox(7, 1u << bit, 0, 0, 0, 9, 0);
            check_philox(7, 3, 1u << bit, 0, 0, 9, 0);
            check_philox(7, 3, 0, 1u << bit, 0, 9, 0);
            check_philox(7, 3, 0, 0, 1u << bit, 9, 0);
        }
    });
    define("refusals", [] {
        Buffer<float> out(4);
        expect_refused(leap_philox_uniform(stream(), 1, 0, 0, 0, 0, out.data(), -1), LEAP_BAD_ARGUMENT, "n=-1");
        expect_refused(leap_philox_uniform(stream(), 1, 0, 0, 0, 0, nullptr, 4), LEAP_BAD_ARGUMENT, "out must not be null");
        expect_ok(leap_philox_uniform(stream(), 1, 0, 0, 0, 0, nullptr, 0));
    });
    define_large("every index, n=2^24", [] { check_philox(11, 2, 3, 4, LEAP_PURPOSE_CONFIDENCE, 1 << 24, 0); });
}

}  // namespace leap::cases
