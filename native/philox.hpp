/* philox.hpp: uniforms from a counter.
 *
 * Key = (seed low, seed high); counter = (index / 4, position, step, purpose), word index % 4;
 * uniform = ((x >> 9) + 0.5) * 2^-23, exact in float32, never 0 or 1.
 * Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", Philox4x32-10.
 */
#pragma once

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <cstdint>

namespace leap {

inline constexpr uint32_t PHILOX_MULTIPLIER_0 = 0xD2511F53, PHILOX_MULTIPLIER_1 = 0xCD9E8D57;
inline constexpr uint32_t PHILOX_WEYL_0 = 0x9E3779B9, PHILOX_WEYL_1 = 0xBB67AE85;
inline constexpr int PHILOX_ROUNDS = 10;

/* Counters of a stream: each has four of 2^32 indices. */
inline constexpr uint32_t PHILOX_MOST_COUNTERS = 1u << 30;

/* The words of a counter, of COUNT counters side by side. */
template <int COUNT>
struct PhiloxBlock {
    uint32_t word[4][COUNT];
};

/* Replaces each counter of the block by its four random words. */
template <int COUNT>
inline void philox4x32_10(PhiloxBlock<COUNT>& block, uint64_t key) {
    uint32_t key_0 = uint32_t(key);
    uint32_t key_1 = uint32_t(key >> 32);
    for (int round = 0; round < PHILOX_ROUNDS; ++round, key_0 += PHILOX_WEYL_0, key_1 += PHILOX_WEYL_1) {
#pragma omp simd
        for (int i = 0; i < COUNT; ++i) {
            const uint64_t product_0 = uint64_t(PHILOX_MULTIPLIER_0) * block.word[0][i];
            const uint64_t product_1 = uint64_t(PHILOX_MULTIPLIER_1) * block.word[2][i];
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

/* Uniforms that are made at once. */
inline constexpr int PHILOX_BLOCK = 64;

#if defined(__AVX512F__)

/* Eight counters, a word in the lower half of each lane; the upper halves mean nothing. */
struct PhiloxLanes {
    __m512i word[4];

    void permute(uint64_t key) {
        uint32_t key_0 = uint32_t(key), key_1 = uint32_t(key >> 32);
        for (int round = 0; round < PHILOX_ROUNDS; ++round, key_0 += PHILOX_WEYL_0, key_1 += PHILOX_WEYL_1) {
            const __m512i product_0 = _mm512_maskz_mul_epu32(ALL, word[0], _mm512_set1_epi64(PHILOX_MULTIPLIER_0));
            const __m512i product_1 = _mm512_maskz_mul_epu32(ALL, word[2], _mm512_set1_epi64(PHILOX_MULTIPLIER_1));
            constexpr int XOR = 0x96;
            word[0] = _mm512_ternarylogic_epi64(_mm512_maskz_srli_epi64(ALL, product_1, 32), word[1], _mm512_set1_epi64(key_0), XOR);
            word[2] = _mm512_ternarylogic_epi64(_mm512_maskz_srli_epi64(ALL, product_0, 32), word[3], _mm512_set1_epi64(key_1), XOR);
            word[1] = product_1;
            word[3] = product_0;
        }
    }

    /* The words of four counters each, in order. */
    void store(uint32_t* to) const {
        constexpr auto EVEN = _MM_PERM_ENUM(0xA0);  // the lower half of each lane in both
        const __m512i words_01 = _mm512_mask_shuffle_epi32(word[0], 0xAAAA, word[1], EVEN);
        const __m512i words_23 = _mm512_mask_shuffle_epi32(word[2], 0xAAAA, word[3], EVEN);
        const __m512i first = _mm512_set_epi64(11, 3, 10, 2, 9, 1, 8, 0);
        const __m512i second = _mm512_set_epi64(15, 7, 14, 6, 13, 5, 12, 4);
        _mm512_storeu_si512(to, _mm512_permutex2var_epi64(words_01, first, words_23));
        _mm512_storeu_si512(to + 16, _mm512_permutex2var_epi64(words_01, second, words_23));
    }

    static constexpr __mmask8 ALL = 0xFF;
};

inline void philox_words(const PhiloxStream& stream, uint32_t counter, uint32_t (&words)[PHILOX_BLOCK]) {
    PhiloxLanes lanes[2];
    for (int half = 0; half < 2; ++half)
        lanes[half] = {{_mm512_and_epi32(_mm512_add_epi64(_mm512_set1_epi64(counter + 8 * half), _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0)),
                                         _mm512_set1_epi64(PHILOX_MOST_COUNTERS - 1)),
                        _mm512_set1_epi64(stream.position), _mm512_set1_epi64(stream.step), _mm512_set1_epi64(stream.purpose)}};
    for (PhiloxLanes& each : lanes) each.permute(stream.seed);
    for (int half = 0; half < 2; ++half) lanes[half].store(words + 32 * half);
}

#else

inline void philox_words(const PhiloxStream& stream, uint32_t counter, uint32_t (&words)[PHILOX_BLOCK]) {
    constexpr int COUNTERS = PHILOX_BLOCK / 4;
    PhiloxBlock<COUNTERS> block;
    for (int i = 0; i < COUNTERS; ++i) {
        block.word[0][i] = (counter + i) & (PHILOX_MOST_COUNTERS - 1);
        block.word[1][i] = stream.position;
        block.word[2][i] = stream.step;
        block.word[3][i] = stream.purpose;
    }
    philox4x32_10(block, stream.seed);
    for (int i = 0; i < COUNTERS; ++i)
        for (int w = 0; w < 4; ++w) words[4 * i + w] = block.word[w][i];
}

#endif

/* out[i] = the uniform with index first_index + i (modulo 2^32); first_index: a multiple of 4. */
inline void philox_uniform_block(const PhiloxStream& stream, uint32_t first_index, float (&out)[PHILOX_BLOCK]) {
    uint32_t words[PHILOX_BLOCK];
    philox_words(stream, first_index / 4, words);
    for (int i = 0; i < PHILOX_BLOCK; ++i) out[i] = philox_to_uniform(words[i]);
}

/* out[i] = the uniform with index first_index + i (modulo 2^32). */
inline void philox_uniforms(const PhiloxStream& stream, uint32_t first_index, float* out, int64_t n) {
    for (int64_t done = 0; done < n;) {
        const uint32_t index = first_index + uint32_t(done);
        const int skip = index % 4;
        float uniforms[PHILOX_BLOCK];
        philox_uniform_block(stream, index - skip, uniforms);
        const int64_t count = std::min<int64_t>(PHILOX_BLOCK - skip, n - done);
        std::copy_n(uniforms + skip, count, out + done);
        done += count;
    }
}

}  // namespace leap
