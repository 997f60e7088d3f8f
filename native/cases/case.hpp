/* case.hpp: what a kernel case is written with.
 *
 *     LEAP_CASES(add) {
 *         for (int64_t n : {1, 97, 1025})
 *             define(text("n=%lld", (long long)n), [n] {
 *                 Random random;
 *                 const std::vector<float> x = random.normals<float>(n);
 *                 Buffer<float> x_device(x), y_device(n);
 *                 expect_ok(leap_add(stream(), LEAP_F32, x_device.data(), y_device.data(), n));
 *                 expect_close("y", y_device.read(), reference, plain);
 *             });
 *     }
 *
 * A case runs on the CPU kernels, on the emulated CUDA kernels and on a GPU alike. It fails by an exception, which names the first
 * coordinate that is wrong.
 */
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "device_memory.hpp"
#include "maskleap.h"

namespace leap::cases {

/* ---- cases ---------------------------------------------------------------------------------------------- */

struct Case {
    std::string kernel;
    std::string name;
    std::function<void()> body;
    bool large;  // of a real size: not for the emulation
};

/* All cases, in the order of their definition. */
std::vector<Case>& all_cases();

/* What LEAP_CASES opens: define() adds to one kernel's cases. */
class CasesOf {
public:
    explicit CasesOf(const char* kernel) : kernel_(kernel) {}

    void define(std::string name, std::function<void()> body) const {
        all_cases().push_back({kernel_, std::move(name), std::move(body), false});
    }
    void define_large(std::string name, std::function<void()> body) const {
        all_cases().push_back({kernel_, std::move(name), std::move(body), true});
    }

protected:
    const char* kernel_;
};

#define LEAP_CASES(KERNEL)                                             \
    namespace {                                                        \
    struct KERNEL##_cases : leap::cases::CasesOf {                     \
        KERNEL##_cases() : CasesOf(#KERNEL) { define_all(); }          \
        void define_all() const;                                       \
    };                                                                 \
    const KERNEL##_cases defined_##KERNEL##_cases;                     \
    }                                                                  \
    void KERNEL##_cases::define_all() const

/* The stream for all calls of a case. */
leap_stream stream();

/* printf into a string. */
std::string text(const char* format, ...) __attribute__((format(printf, 1, 2)));

struct Failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/* Thrown by a case that this device cannot run. */
struct LeftOut {};

/* For cases of values in device memory that are out of their range, and that must do no harm. */
inline void leave_out_where_lies_are_refused() {
    if (device::refuses_lies()) throw LeftOut();
}

/* ---- dtypes ------------------------------------------------------------------------------------------------ */

/* bfloat16 on the host; leap::bf16 in kernels. */
struct Bf16 {
    uint16_t bits = 0;

    Bf16() = default;
    /* Rounded to the nearest, ties to even. */
    explicit Bf16(float x);
    explicit operator float() const;
};

template <class T>
inline constexpr leap_dtype DTYPE = std::is_same_v<T, Bf16> ? LEAP_BF16 : LEAP_F32;

template <class T>
inline const char* const DTYPE_NAME = std::is_same_v<T, Bf16> ? "bf16" : "f32";

inline double to_double(float x) { return x; }
inline double to_double(Bf16 x) { return float(x); }

/* x as a tensor of this dtype holds it. */
template <class T>
double rounded_to(double x) {
    return to_double(T(float(x)));
}

template <class T>
std::vector<double> to_doubles(const std::vector<T>& x) {
    std::vector<double> out(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) out[i] = to_double(x[i]);
    return out;
}

/* ---- data ---------------------------------------------------------------------------------------------------- */

/* Numbers that are the same in every run: SplitMix64 (Steele et al. 2014). */
class Random {
public:
    explicit Random(uint64_t seed = 20260223) : state_(seed) {}

    uint64_t next();
    double uniform();            // in (0, 1)
    double normal();             // mean 0, variance 1
    int64_t below(int64_t bound);  // 0 .. bound - 1

    template <class T>
    std::vector<T> normals(int64_t n, double scale = 1, double mean = 0) {
        std::vector<T> x(n);
        for (T& value : x) value = T(float(mean + scale * normal()));
        return x;
    }

private:
    uint64_t state_;
};

/* Device memory of n elements, NaN (or -1) until written. `offset` elements before it shift its alignment. */
template <class T>
class Buffer {
public:
    explicit Buffer(int64_t n, int64_t offset = 0)
        : n_(n), offset_(offset), memory_(device::allocate(std::size_t(n + offset) * sizeof(T))) {}
    explicit Buffer(const std::vector<T>& values, int64_t offset = 0) : Buffer(int64_t(values.size()), offset) {
        write(values);
    }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer() noexcept(false) {
        const std::string damage = device::free(memory_, std::size_t(n_ + offset_) * sizeof(T));
        if (!damage.empty() && std::uncaught_exceptions() == 0) throw Failure(damage);
    }

    T* data() { return static_cast<T*>(memory_) + offset_; }
    const T* data() const { return static_cast<const T*>(memory_) + offset_; }
    int64_t size() const { return n_; }

    void write(const std::vector<T>& values) {
        if (int64_t(values.size()) != n_) throw Failure("a buffer is written with another number of elements");
        device::copy_to(data(), values.data(), values.size() * sizeof(T));
    }
    std::vector<T> read() const {
        std::vector<T> values(n_);
        device::copy_from(values.data(), data(), values.size() * sizeof(T));
        return values;
    }

private:
    int64_t n_, offset_;
    void* memory_;
};

/* ---- expectations ---------------------------------------------------------------------------------------------- */

/* The call was accepted, and the device has done it. */
void expect_ok(leap_status status);

/* The call was refused with this status and a sentence that contains `words`. */
void expect_refused(leap_status status, leap_status wanted, const char* words);

/* Tolerance by rule: the largest error against the double-precision `reference` is at most twice that of `plain`, a plain
 * scalar implementation in the same dtypes, plus `floor` times the largest magnitude. NaN and infinities must be at the
 * same places. */
void expect_close(const char* what, const std::vector<double>& actual, const std::vector<double>& reference,
                  const std::vector<double>& plain, double floor);

/* The floors: a few roundings of float32, half a rounding of bfloat16. */
template <class T>
inline constexpr double FLOOR = std::is_same_v<T, Bf16> ? 0x1p-9 : 0x1p-20;

template <class T>
void expect_close(const char* what, const std::vector<T>& actual, const std::vector<double>& reference,
                  const std::vector<double>& plain) {
    expect_close(what, to_doubles(actual), reference, plain, FLOOR<T>);
}

/* Bit for bit; NaN equals NaN. */
template <class T>
void expect_equal(const char* what, const std::vector<T>& actual, const std::vector<T>& wanted) {
    if (actual.size() != wanted.size())
        throw Failure(text("%s: %zu elements, wanted %zu", what, actual.size(), wanted.size()));
    std::size_t differ = 0, first = 0;
    const auto same = [](const T& a, const T& b) {
        if constexpr (std::is_same_v<T, Bf16>) return a.bits == b.bits;
        else return a == b || (a != a && b != b);
    };
    for (std::size_t i = actual.size(); i-- > 0;)
        if (!same(actual[i], wanted[i])) ++differ, first = i;
    if (differ > 0)
        throw Failure(text("%s[%zu] is %.9g, wanted %.9g; %zu of %zu differ", what, first, double(float(actual[first])),
                           double(float(wanted[first])), differ, actual.size()));
}

/* A condition with its sentence. */
void expect(bool condition, const char* format, ...) __attribute__((format(printf, 2, 3)));

}  // namespace leap::cases
