/* vector_math.hpp: exp, exp2, log and sigmoid on float vectors, to about one unit in the last place.
 *
 * NaN gives NaN. Results below about 2^-125 are 0: no softmax or activation can tell, and no denormal slows a loop down.
 * The polynomials are weighted minimax fits of our own (relative error below 1e-8, before rounding).
 */
#pragma once

#include "simd.hpp"

namespace leap {

inline constexpr float LOG2_E = 1.44269504f;

/* Adding 1.5 * 2^23 leaves round-to-nearest(x) in the low bits of the sum. */
inline constexpr float ROUND = 12582912.0f;

/* p * 2^n, where `shifted` = n + ROUND, -125 <= n <= 128. The two halves of 2 * 2^(n-1) keep n = 128 in range. */
LEAP_INLINE Vec scale_by_power(Vec p, Vec shifted) {
    const VecBits exponent = (VecBits(bits(shifted)) << 23) + (126u << 23);  // modulo 2^32: only n is left
    return (p + p) * from_bits(VecInt(exponent));
}

#if defined(__AVX512F__)

/* 2^x for x <= 127: 2^(k / 16), of which a table that fits a register has the fraction, times 2^f of a short polynomial. */
LEAP_INLINE Vec exp2_bounded(Vec x) {
    constexpr float ROUND_TO_SIXTEENTHS = ROUND / 16;  // the sum's low bits are k
    alignas(64) static constexpr uint32_t TABLE[16] = {  // the bits of 2^(i / 16), less i << 19
        0x3f800000, 0x3f7daac3, 0x3f7b95c2, 0x3f79c3d3, 0x3f7837f0, 0x3f76f532,
        0x3f75fed7, 0x3f75583f, 0x3f7504f3, 0x3f7508a4, 0x3f75672a, 0x3f76248c,
        0x3f7744fd, 0x3f78ccdf, 0x3f7ac0c7, 0x3f7d257d};
    const Vec shifted = x + ROUND_TO_SIXTEENTHS;
    const Vec f = x - (shifted - ROUND_TO_SIXTEENTHS);  // [-1/32, 1/32], exact
    constexpr __mmask16 ALL = 0xFFFF;
    const VecBits fraction = VecBits(_mm512_maskz_permutexvar_epi32(ALL, __m512i(shifted), _mm512_load_si512(TABLE)));
    const VecBits sixteenths = VecBits(bits(shifted)) << 19;       // k / 16 to the exponent; its fraction is what the table lacks
    const Vec power = from_bits(VecInt(fraction + sixteenths));  // modulo 2^32
    const Vec p = (0x1.c6b3f746ebfacp-5f * f + 0x1.ebfffa8a3c67ap-3f) * f + 0x1.62e42fec39c75p-1f;
    return x < -125.0f ? Vec{} : (power * f) * p + power;
}

#else

/* 2^x for x <= 127. */
LEAP_INLINE Vec exp2_bounded(Vec x) {
    const Vec shifted = x + ROUND;
    const Vec f = x - (shifted - ROUND);  // [-0.5, 0.5], exact
    Vec p = broadcast(0x1.41fbb577b215bp-13f);
    p = p * f + 0x1.5f3e561bb6b4ap-10f;
    p = p * f + 0x1.3b2d4d045b620p-7f;
    p = p * f + 0x1.c6aee886912b5p-5f;
    p = p * f + 0x1.ebfbdc3c0386fp-3f;
    p = p * f + 0x1.62e430af2f2bfp-1f;
    p = p * f + 1.0f;
    return x < -125.0f ? Vec{} : scale_by_power(p, shifted);
}

#endif

/* e^x. */
LEAP_INLINE Vec exp(Vec x) {
    constexpr float LN2_HIGH = 0x1.63p-1f;  // n * LN2_HIGH is exact
    constexpr float LN2_LOW = -0x1.bd0106p-13f;
    const Vec y = x > 89.0f ? broadcast(89.0f) : x;  // e^89 is already infinite
    const Vec shifted = y * LOG2_E + ROUND;
    const Vec n = shifted - ROUND;
    const Vec r = (y - n * LN2_HIGH) - n * LN2_LOW;
    Vec p = broadcast(0x1.6a243dd8f1ff8p-10f);
    p = p * r + 0x1.1239d549eb6d1p-7f;
    p = p * r + 0x1.5558f138e8783p-5f;
    p = p * r + 0x1.5554916500909p-3f;
    p = p * r + 0x1.fffffb9adb194p-2f;
    p = (p * r) * r + r;
    p = p + 1.0f;
    return x < -86.5f ? Vec{} : scale_by_power(p, shifted);
}

/* ln x for normal x > 0; nothing else is asked for. Relative error stays small near 1. */
LEAP_INLINE Vec log_of_normal(Vec x) {
    constexpr int32_t SQRT_HALF = 0x3f3504f3;
    const VecInt exponent = (bits(x) - SQRT_HALF) >> 23;     // x = 2^exponent * (1 + f)
    const Vec f = from_bits(bits(x) - (exponent << 23)) - 1.0f;  // [sqrt(1/2) - 1, sqrt(2) - 1], exact
    const Vec n = __builtin_convertvector(exponent, Vec);
    Vec p = broadcast(0x1.14561263e74e5p-4f);
    p = p * f - 0x1.de3bb31d47e0cp-4f;
    p = p * f + 0x1.e6f0efa8f2b25p-4f;
    p = p * f - 0x1.fc221f40d7702p-4f;
    p = p * f + 0x1.2337600d90535p-3f;
    p = p * f - 0x1.555c4c6a8095cp-3f;
    p = p * f + 0x1.99a4b5a10e3e0p-3f;
    p = p * f - 0x1.00000673e57d7p-2f;
    p = p * f + 0x1.5555476b27ecap-2f;
    const Vec square = f * f;
    constexpr float LN2_HIGH = 0x1.63p-1f;
    constexpr float LN2_LOW = -0x1.bd0106p-13f;
    return n * LN2_HIGH + (f + (n * LN2_LOW + (p * f * square - 0.5f * square)));
}

/* x * sigmoid(x). */
LEAP_INLINE Vec silu(Vec x) { return x / (1.0f + exp(-x)); }

}  // namespace leap
