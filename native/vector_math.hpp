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

#if defined(__AVX512F__)

/* p * 2^floor(x), or 0 where x < least. */
LEAP_INLINE Vec scale_by_power(Vec p, Vec power, Vec x, float least) {
    const __mmask16 large_enough = _mm512_cmp_ps_mask(__m512(x), _mm512_set1_ps(least), _CMP_NLT_UQ);
    return Vec(_mm512_maskz_scalef_ps(large_enough, __m512(p), __m512(power)));
}

/* 2^x for x <= 127: 2^(k / 16) from a table that fits a register, times 2^f of a short polynomial. */
LEAP_INLINE Vec exp2_bounded(Vec x) {
    constexpr float ROUND_TO_SIXTEENTHS = ROUND / 16;  // the sum's low bits are k
    constexpr __mmask16 ALL = 0xFFFF;
    const __m512 table = _mm512_setr_ps(0x1p0f, 0x1.0b5586p0f, 0x1.172b84p0f, 0x1.2387a6p0f, 0x1.306fe0p0f, 0x1.3dea64p0f,
                                        0x1.4bfdaep0f, 0x1.5ab07ep0f, 0x1.6a09e6p0f, 0x1.7a1148p0f, 0x1.8ace54p0f,
                                        0x1.9c4918p0f, 0x1.ae89fap0f, 0x1.c199bep0f, 0x1.d5818ep0f, 0x1.ea4afap0f);
    const Vec shifted = x + ROUND_TO_SIXTEENTHS;
    const Vec sixteenths = shifted - ROUND_TO_SIXTEENTHS;
    const Vec f = x - sixteenths;  // [-1/32, 1/32], exact
    const Vec t = Vec(_mm512_maskz_permutexvar_ps(ALL, __m512i(shifted), table));
    const Vec p = (0x1.c6b3f746ebfacp-5f * f + 0x1.ebfffa8a3c67ap-3f) * f + 0x1.62e42fec39c75p-1f;
    return scale_by_power((t * f) * p + t, sixteenths, x, -125.0f);
}

#else

/* p * 2^n for an integer n, -125 <= n <= 128, or 0 where x < least. */
LEAP_INLINE Vec scale_by_power(Vec p, Vec n, Vec x, float least) {
    const VecBits exponent = (VecBits(bits(n + ROUND)) << 23) + (126u << 23);  // modulo 2^32: only n is left
    return x < least ? Vec{} : (p + p) * from_bits(VecInt(exponent));          // 2 * 2^(n-1) keeps n = 128 in range
}

/* 2^x for x <= 127. */
LEAP_INLINE Vec exp2_bounded(Vec x) {
    const Vec n = (x + ROUND) - ROUND;
    const Vec f = x - n;  // [-0.5, 0.5], exact
    Vec p = broadcast(0x1.41fbb577b215bp-13f);
    p = p * f + 0x1.5f3e561bb6b4ap-10f;
    p = p * f + 0x1.3b2d4d045b620p-7f;
    p = p * f + 0x1.c6aee886912b5p-5f;
    p = p * f + 0x1.ebfbdc3c0386fp-3f;
    p = p * f + 0x1.62e430af2f2bfp-1f;
    p = p * f + 1.0f;
    return scale_by_power(p, n, x, -125.0f);
}

#endif

/* e^x. */
LEAP_INLINE Vec exp(Vec x) {
    constexpr float LN2_HIGH = 0x1.63p-1f;  // n * LN2_HIGH is exact
    constexpr float LN2_LOW = -0x1.bd0106p-13f;
    const Vec y = x > 89.0f ? broadcast(89.0f) : x;  // e^89 is already infinite
    const Vec n = (y * LOG2_E + ROUND) - ROUND;
    const Vec r = (y - n * LN2_HIGH) - n * LN2_LOW;
    Vec p = broadcast(0x1.6a243dd8f1ff8p-10f);
    p = p * r + 0x1.1239d549eb6d1p-7f;
    p = p * r + 0x1.5558f138e8783p-5f;
    p = p * r + 0x1.5554916500909p-3f;
    p = p * r + 0x1.fffffb9adb194p-2f;
    p = (p * r) * r + r;
    p = p + 1.0f;
    return scale_by_power(p, n, x, -86.5f);
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
