/* fill.cu: random operands for the bench.
 *
 * What      x[i] = deviation * (u1 + u2 + u3 + u4 - 2) * sqrt(3), a sum of four Philox uniforms of index i
 * Layouts   x: (n) float32 or bfloat16
 * A thread  takes one element
 * Wants     any n
 * Source    Salmon et al. 2011 for the uniforms; the central limit for the rest
 */
#include "bench.hpp"
#include "elementwise.cuh"
#include "philox.cuh"

namespace leap::bench {
namespace {

template <class T>
__global__ void __launch_bounds__(ELEMENTWISE_THREADS) fill_kernel(T* x, int64_t n, float deviation) {
    const int64_t i = int64_t(blockIdx.x) * ELEMENTWISE_THREADS + threadIdx.x;
    if (i >= n) return;
    const PhiloxWords words = philox4x32_10({1, uint32_t(i >> 32), 0, 0}, uint32_t(i));
    float sum = -2;
    for (uint32_t word : words.at) sum += philox_to_uniform(word);
    x[i] = from_float<T>(deviation * sum * 1.7320508f);
}

template <class T>
void fill(T* x, int64_t n, float deviation) {
    if (n == 0) return;
    const dim3 grid = elementwise_grid(1, n, 1);
    run_once([&](leap_stream stream, int) {
        require(launch<fill_kernel<T>>({stream, grid, {ELEMENTWISE_THREADS}}, x, n, deviation));
    });
}

}  // namespace

void fill_normal(float* x, int64_t n, float deviation) { fill(x, n, deviation); }
void fill_normal(cases::Bf16* x, int64_t n, float deviation) { fill(reinterpret_cast<bf16*>(x), n, deviation); }

}  // namespace leap::bench
