/* case.cpp: the parts of case.hpp that are not templates. */
#include "case.hpp"

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <numbers>

namespace leap::cases {
namespace {

std::string format_text(const char* format, va_list arguments) {
    char buffer[1024];
    std::vsnprintf(buffer, sizeof buffer, format, arguments);
    return buffer;
}

double largest_magnitude(const std::vector<double>& x) {
    double largest = 0;
    for (double value : x)
        if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
    return largest;
}

/* The same infinity, or both NaN. */
bool same_special(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

}  // namespace

std::vector<Case>& all_cases() {
    static std::vector<Case> cases;
    return cases;
}

leap_stream stream() { return nullptr; }

std::string text(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    std::string result = format_text(format, arguments);
    va_end(arguments);
    return result;
}

Bf16::Bf16(float x) {
    uint32_t word;
    std::memcpy(&word, &x, sizeof word);
    bits = x != x ? 0x7FFF : uint16_t((word + 0x7FFF + (word >> 16 & 1)) >> 16);
}

Bf16::operator float() const {
    const uint32_t word = uint32_t(bits) << 16;
    float x;
    std::memcpy(&x, &word, sizeof x);
    return x;
}

uint64_t Random::next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

double Random::uniform() { return (double(next() >> 12) + 0.5) * 0x1p-52; }

double Random::normal() {  // Box and Muller 1958
    return std::sqrt(-2 * std::log(uniform())) * std::cos(2 * std::numbers::pi * uniform());
}

int64_t Random::below(int64_t bound) { return int64_t(next() % uint64_t(bound)); }

void expect(bool condition, const char* format, ...) {
    if (condition) return;
    va_list arguments;
    va_start(arguments, format);
    const std::string sentence = format_text(format, arguments);
    va_end(arguments);
    throw Failure(sentence);
}

void expect_ok(leap_status status) {
    expect(status == LEAP_OK, "status %d: %s", status, leap_last_error());
    const std::string error = device::synchronize();
    expect(error.empty(), "%s", error.c_str());
}

void expect_refused(leap_status status, leap_status wanted, const char* words) {
    expect(status == wanted, "status %d (%s), wanted %d", status, status == LEAP_OK ? "accepted" : leap_last_error(), wanted);
    expect(std::strstr(leap_last_error(), words) != nullptr, "\"%s\" does not say \"%s\"", leap_last_error(), words);
}

void expect_close(const char* what, const std::vector<double>& actual, const std::vector<double>& reference,
                  const std::vector<double>& plain, double floor) {
    expect(actual.size() == reference.size() && plain.size() == reference.size(), "%s: %zu elements, wanted %zu", what,
           actual.size(), reference.size());
    double plain_error = 0;
    for (std::size_t i = 0; i < plain.size(); ++i)
        if (std::isfinite(reference[i])) plain_error = std::max(plain_error, std::abs(plain[i] - reference[i]));
    const double bound = 2 * plain_error + floor * largest_magnitude(reference);
    std::size_t wrong = 0, worst = 0;
    double worst_error = -1;
    for (std::size_t i = 0; i < actual.size(); ++i) {
        if (same_special(actual[i], reference[i])) continue;
        const double difference = std::abs(actual[i] - reference[i]);
        const double error = std::isnan(difference) ? INFINITY : difference;
        if (error <= bound) continue;
        ++wrong;
        if (error > worst_error) worst_error = error, worst = i;
    }
    if (wrong == 0) return;
    expect(false, "%s[%zu] is %.9g, wanted %.9g: error %.3g, bound %.3g; %zu of %zu are wrong", what, worst,
           actual[worst], reference[worst], worst_error, bound, wrong, actual.size());
}

}  // namespace leap::cases
