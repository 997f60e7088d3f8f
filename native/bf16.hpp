/* bf16.hpp: bfloat16 on the CPU: memory holds it, arithmetic is float32.
 *
 * A bfloat16 is a float32 without its lower 16 bits. Stores round to the nearest, ties to even; NaN becomes 0x7FFF, as CUDA's
 * conversion has it (but for attention in pairs: attention_factors.hpp).
 */
#pragma once

#include "maskleap.h"
#include "simd.hpp"

namespace leap {

struct Bf16 {
    uint16_t bits = 0;

    Bf16() = default;
    explicit Bf16(float x) {
        uint32_t word;
        std::memcpy(&word, &x, sizeof word);
        bits = x != x ? 0x7FFF : uint16_t((word + 0x7FFF + (word >> 16 & 1)) >> 16);
    }
    explicit operator float() const {
        const uint32_t word = uint32_t(bits) << 16;
        float x;
        std::memcpy(&x, &word, sizeof x);
        return x;
    }
};

using VecHalves = uint16_t __attribute__((vector_size(LANES * sizeof(uint16_t))));

LEAP_INLINE VecBits zero_extend(VecHalves halves) {
#if defined(__AVX512F__)
    constexpr __mmask16 ALL = 0xFFFF;
    return VecBits(_mm512_maskz_cvtepu16_epi32(ALL, __m256i(halves)));
#else
    return __builtin_convertvector(halves, VecBits);
#endif
}

LEAP_INLINE Vec widen(VecHalves halves) { return reinterpret_cast<Vec>(zero_extend(halves) << 16); }

LEAP_INLINE VecHalves narrow(Vec v) {
    const VecBits word = reinterpret_cast<VecBits>(v);
    const VecBits rounded = (word + 0x7FFF + (word >> 16 & 1)) >> 16;
    const VecBits nan = VecBits{} + 0x7FFF;
    return __builtin_convertvector(v == v ? rounded : nan, VecHalves);
}

LEAP_INLINE Vec load(const Bf16* from) {
    VecHalves halves;
    std::memcpy(&halves, from, sizeof halves);
    return widen(halves);
}

LEAP_INLINE void store(Bf16* to, Vec v) {
    const VecHalves halves = narrow(v);
    std::memcpy(static_cast<void*>(to), &halves, sizeof halves);
}

LEAP_INLINE Vec load(const Bf16* from, AllLanes, float = 0) { return load(from); }
LEAP_INLINE Vec load(const Bf16* from, SomeLanes lanes, float rest = 0) {
    VecHalves halves = VecHalves{} + Bf16(rest).bits;
    std::memcpy(&halves, from, lanes.count * sizeof(Bf16));
    return widen(halves);
}

LEAP_INLINE void store(Bf16* to, Vec v, AllLanes) { store(to, v); }
LEAP_INLINE void store(Bf16* to, Vec v, SomeLanes lanes) {
    const VecHalves halves = narrow(v);
    std::memcpy(static_cast<void*>(to), &halves, lanes.count * sizeof(Bf16));
}

/* x as it would come back from memory of T. */
template <class T>
LEAP_INLINE Vec rounded_to(Vec x) {
    if constexpr (sizeof(T) == sizeof(float)) return x;
    else return widen(narrow(x));
}

/* visit.operator()<T>() for the element type of a dtype that has been checked. */
template <class Visit>
auto with_element(leap_dtype dtype, Visit&& visit) {
    return dtype == LEAP_F32 ? visit.template operator()<float>() : visit.template operator()<Bf16>();
}

}  // namespace leap
