/* bench.hpp: what a benchmark of a kernel is written with.
 *
 *     report({"add", {n}, "bf16", time_calls(call), bytes, 0});
 *
 * Operands lie in Rotating memory: as many copies as exceed every second-level cache, one call's after the other's. A result is
 * checked before it is timed. Without a GPU the benchmarks are rehearsed: the same calls with a fraction of the sizes, once.
 */
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "case.hpp"

namespace leap::bench {

/* ---- timing ------------------------------------------------------------------------------------------------ */

/* Microseconds per call. */
struct Timing {
    double median, least, p90;
};

/* Times call(stream, i), i = 0 .. CALLS - 1: captured into one graph, which is replayed 3 times for warmth and 30 times for the
 * clock, with events around it. What is timed is the kernels one after another on a busy stream, without the host. */
inline constexpr int CALLS = 32;
Timing time_calls(const std::function<void(leap_stream, int)>& call);

/* Asynchronous on `stream`. */
void copy_on_device(void* to, const void* from, std::size_t bytes, leap_stream stream);

/* ---- sizes ---------------------------------------------------------------------------------------------------- */

/* n, or a fraction of it where this is a rehearsal. */
inline int size(int n) { return cases::device::is_fast() ? n : std::max(1, n / 32); }

/* So many copies of `bytes` exceed every second-level cache several times, up to one for every call. */
inline int rotations(double bytes) { return cases::device::is_fast() ? std::clamp(int(256e6 / bytes) + 1, 1, CALLS) : 2; }

/* ---- operands ------------------------------------------------------------------------------------------------- */

/* Device memory of n elements, once for each of `copies` calls. */
template <class T>
class Rotating {
public:
    Rotating(int64_t n, int copies) : n_(n), copies_(copies), memory_(cases::device::allocate(bytes())) {}
    Rotating(const std::vector<T>& values, int copies) : Rotating(int64_t(values.size()), copies) {
        for (int i = 0; i < copies; ++i) cases::device::copy_to(at(i), values.data(), sizeof(T) * n_);
    }
    Rotating(const Rotating&) = delete;
    Rotating& operator=(const Rotating&) = delete;
    ~Rotating() { cases::device::free(memory_, bytes()); }

    T* at(int call) const { return static_cast<T*>(memory_) + call % copies_ * n_; }
    T* all() const { return static_cast<T*>(memory_); }
    int64_t all_elements() const { return n_ * copies_; }

    /* The n elements of one call. */
    std::vector<T> read(int call) const {
        std::vector<T> values(n_);
        cases::device::copy_from(values.data(), at(call), sizeof(T) * n_);
        return values;
    }

private:
    std::size_t bytes() const { return sizeof(T) * std::size_t(n_) * copies_; }

    int64_t n_;
    int copies_;
    void* memory_;
};

/* x = about normal numbers with this deviation, different for every element: zeros would run faster than real data. */
void fill_normal(float* x, int64_t n, float deviation);
void fill_normal(cases::Bf16* x, int64_t n, float deviation);

/* Device memory of random elements. */
template <class T>
class Normals : public Rotating<T> {
public:
    Normals(int64_t n, int copies, float deviation = 1) : Rotating<T>(n, copies) {
        fill_normal(this->all(), this->all_elements(), deviation);
    }
};

/* ---- results ---------------------------------------------------------------------------------------------------- */

struct Result {
    std::string kernel;
    std::vector<int> shape;
    std::string dtype;
    Timing timing;
    double bytes;       // read and written, each once
    double operations;  // floating-point, of the products; 0 where memory is the bound
};

/* True where `kernel` was asked for. */
bool is_wanted(const std::string& kernel);

/* Prints one line of JSON. */
void report(const Result& result);

/* Throws where the call was refused. */
inline void require(leap_status status) {
    if (status != LEAP_OK) throw cases::Failure(leap_last_error());
}

/* Calls once and waits. */
template <class Call>
void run_once(Call&& call) {
    call(leap_stream(nullptr), 0);
    const std::string error = cases::device::synchronize();
    if (!error.empty()) throw cases::Failure(error);
}

/* Throws where `actual` is not within `tolerance` of `expected`: a wrong result is not timed. */
inline void check_close(const char* kernel, double actual, double expected, double tolerance) {
    cases::expect(std::abs(actual - expected) <= tolerance, "%s computes %.6g, wanted %.6g within %.2g", kernel, actual, expected,
                  tolerance);
}

/* ---- the benchmarks ---------------------------------------------------------------------------------------------- */

void bench_attention();
void bench_sampler();
void bench_rows();

}  // namespace leap::bench
