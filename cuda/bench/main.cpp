/* main.cpp: times the CUDA kernels at the networks' real shapes.
 *
 *     maskleap_cuda_bench [--only TEXT] [--without TEXT]
 *
 *     --only TEXT      only kernels whose name contains TEXT
 *     --without TEXT   none whose name contains TEXT
 *
 * Prints one line of JSON for the device and one for each result: kernel, shape, dtype, microseconds per call (median, least, 90th
 * percentile), bytes read and written, floating-point operations. peers.py times the same for PyTorch. Exit status: 0, 1 where a
 * kernel fails or computes something wrong, 2 where the command line is wrong.
 */
#include <cstdio>
#include <exception>

#include "bench.hpp"

namespace leap::bench {
namespace {

std::string only, without;
int failures = 0;

void bench_copy() {
    if (!is_wanted("copy")) return;
    const int bytes = size(1 << 30);
    const Rotating<char> to(bytes, 1);
    const Normals<float> from(bytes / int64_t(sizeof(float)), 1);
    const Timing t = time_calls([&](leap_stream stream, int) { copy_on_device(to.at(0), from.at(0), std::size_t(bytes), stream); });
    report({"copy", {bytes}, "", t, 2.0 * bytes, 0});
}

/* A benchmark that fails leaves the others be. */
void run(void (*benchmark)()) {
    try {
        benchmark();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "maskleap_cuda_bench: %s\n", e.what());
        ++failures;
    }
}

int main(int count, char** arguments) {
    for (int i = 1; i < count; i += 2) {
        const std::string option = arguments[i];
        if ((option != "--only" && option != "--without") || i + 1 == count) {
            std::fprintf(stderr, "usage: maskleap_cuda_bench [--only TEXT] [--without TEXT]\n");
            return 2;
        }
        (option == "--only" ? only : without) = arguments[i + 1];
    }
    std::printf("{\"device\": \"%s\", \"library\": \"%s\"}\n", cases::device::name().c_str(), leap_library_info());
    for (const auto benchmark : {bench_copy, bench_attention, bench_sampler, bench_rows}) run(benchmark);
    return failures == 0 ? 0 : 1;
}

}  // namespace

bool is_wanted(const std::string& kernel) {
    return kernel.find(only) != std::string::npos && (without.empty() || kernel.find(without) == std::string::npos);
}

void report(const Result& result) {
    std::string shape;
    for (int extent : result.shape) shape += (shape.empty() ? "" : ", ") + std::to_string(extent);
    std::printf("{\"kernel\": \"%s\", \"shape\": [%s], \"dtype\": \"%s\", \"median_us\": %.3f, \"least_us\": %.3f, "
                "\"p90_us\": %.3f, \"bytes\": %.0f, \"operations\": %.0f}\n",
                result.kernel.c_str(), shape.c_str(), result.dtype.c_str(), result.timing.median, result.timing.least,
                result.timing.p90, result.bytes, result.operations);
    std::fflush(stdout);
}

}  // namespace leap::bench

int main(int count, char** arguments) { return leap::bench::main(count, arguments); }
