/* timing_emulated.cpp: the same calls, fewer of them: a benchmark that would fail on a GPU fails here first. */
#include <chrono>
#include <cstring>

#include "bench.hpp"

namespace leap::bench {

Timing time_calls(const std::function<void(leap_stream, int)>& call) {
    constexpr int ENOUGH = 2;
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < ENOUGH; ++i) call(nullptr, i);
    const std::chrono::duration<double, std::micro> elapsed = std::chrono::steady_clock::now() - start;
    const double each = elapsed.count() / ENOUGH;
    return {each, each, each};
}

void copy_on_device(void* to, const void* from, std::size_t bytes, leap_stream) {
    std::vector<std::byte> host(bytes);
    cases::device::copy_from(host.data(), from, bytes);
    cases::device::copy_to(to, host.data(), bytes);
}

}  // namespace leap::bench
