/* philox.cuh: uniforms from a counter, the same as the CPU library's, bit for bit.
 *
 * Key = (seed low, seed high); counter = (index / 4, position, step, purpose), word index % 4;
 * uniform = ((x >> 9) + 0.5) * 2^-23, exact in float32, never 0 or 1.
 * Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", Philox4x32-10.
 */
#pragma once

#include "device.cuh"

namespace leap {

/* What all uniforms of one draw have in common. */
struct PhiloxStream {
    uint64_t seed;
    uint32_t position;
    uint32_t step;
    uint32_t purpose;
};

struct PhiloxWords {
    uint32_t at[4];
};

/* The words of indices 4 block .. 4 block + 3. */
__device__ __forceinline__ PhiloxWords philox4x32_10(const PhiloxStream& stream, uint32_t block) {
    constexpr uint32_t MULTIPLIER_0 = 0xD2511F53, MULTIPLIER_1 = 0xCD9E8D57;
    constexpr uint32_t WEYL_0 = 0x9E3779B9, WEYL_1 = 0xBB67AE85;
    uint32_t w0 = block, w1 = stream.position, w2 = stream.step, w3 = stream.purpose;
    uint32_t key_0 = uint32_t(stream.seed), key_1 = uint32_t(stream.seed >> 32);
#pragma unroll
    for (int round = 0; round < 10; ++round) {
        // Halves by themselves: of a product in a uint64_t nvcc 13 makes 64-bit exclusive ors, and of those 64-bit products.
        const uint32_t high_0 = __umulhi(MULTIPLIER_0, w0), low_0 = MULTIPLIER_0 * w0;
        const uint32_t high_1 = __umulhi(MULTIPLIER_1, w2), low_1 = MULTIPLIER_1 * w2;
        w0 = high_1 ^ w1 ^ key_0;
        w1 = low_1;
        w2 = high_0 ^ w3 ^ key_1;
        w3 = low_0;
        key_0 += WEYL_0;
        key_1 += WEYL_1;
    }
    return {{w0, w1, w2, w3}};
}

__device__ __forceinline__ float philox_to_uniform(uint32_t x) { return (float(x >> 9) + 0.5f) * 0x1p-23f; }

/* The uniform with this index. */
__device__ __forceinline__ float philox_uniform(const PhiloxStream& stream, uint32_t index) {
    return philox_to_uniform(philox4x32_10(stream, index / 4).at[index % 4]);
}

}  // namespace leap
