/* philox.hpp: uniforms from a counter.
 *
 * Key = (seed low, seed high); counter = (index / 4, position, step, purpose), word index % 4;
 * uniform = ((x >> 9) + 0.5) * 2^-23, exact in float32, never 0 or 1.
 * Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", Philox4x32-10.
 */
#pragma once

#include <algorithm>
#include <cstdint>

namespace leap {

/* The words of a counter, of COUNT counters side by side. */
template <int COUNT>
struct PhiloxBlock {
    uint32_t word[4][COUNT];
};

/* Replaces each counter of the block by its four random words. */
template <int COUNT>
inline void philox4x32_10(PhiloxBlock<COUNT>& block, uint64_t key) {
    constexpr uint32_t MULTIPLIER_0 = 0xD2511F53, MULTIPLIER_1 = 0xCD9E8D57;
    constexpr uint32_t WEYL_0 = 0x9E3779B9, WEYL_1 = 0xBB67AE85;
    uint32_t key_0 = uint32_t(key);
    uint32_t key_1 = uint32_t(key >> 32);
    for (int round = 0; round < 10; ++round, key_0 += WEYL_0, key_1 += WEYL_1) {
#pragma omp simd
        for (int i = 0; i < COUNT; ++i) {
            const uint64_t product_0 = uint64_t(MULTIPLIER_0) * block.word[0][i];
            const uint64_t product_1 = uint64_t(MULTIPLIER_1) * block.word[2][i];
            block.word[0][i] = uint32_t(product_1 >> 32) ^ block.word[1][i] ^ key_0;
            block.word[1][i] = uint32_t(product_1);
            block.word[2][i] = uint32_t(product_0 >> 32) ^ block.word[3][i] ^ key_1;
            block.word[3][i] = uint32_t(product_0);
        }
    }
}

/* What all uniforms of one draw have in common. */
struct PhiloxStream {
    uint64_t seed;
    uint32_t position;
    uint32_t step;
    uint32_t purpose;
};

inline float philox_to_uniform(uint32_t x) { return (float(x >> 9) + 0.5f) * 0x1p-23f; }

/* The uniform with this index. */
inline float philox_uniform(const PhiloxStream& stream, uint32_t index) {
    PhiloxBlock<1> block = {{{index / 4}, {stream.position}, {stream.step}, {stream.purpose}}};
    philox4x32_10(block, stream.seed);
    return philox_to_uniform(block.word[index % 4][0]);
}

/* out[i] = the uniform with index first_index + i (modulo 2^32). */
inline void philox_uniforms(const PhiloxStream& stream, uint32_t first_index, float* out, int64_t n) {
    constexpr int COUNTERS = 16;
    for (int64_t done = 0; done < n;) {
        const uint32_t index = first_index + uint32_t(done);
        PhiloxBlock<COUNTERS> block;
        for (int i = 0; i < COUNTERS; ++i) {
            block.word[0][i] = (index / 4 + i) & 0x3FFFFFFF;
            block.word[1][i] = stream.position;
            block.word[2][i] = stream.step;
            block.word[3][i] = stream.purpose;
        }
        philox4x32_10(block, stream.seed);
        float uniforms[4 * COUNTERS];
        for (int i = 0; i < COUNTERS; ++i)
            for (int w = 0; w < 4; ++w) uniforms[4 * i + w] = philox_to_uniform(block.word[w][i]);
        const int skip = index % 4;
        const int64_t count = std::min<int64_t>(4 * COUNTERS - skip, n - done);
        std::copy_n(uniforms + skip, count, out + done);
        done += count;
    }
}

}  // namespace leap
