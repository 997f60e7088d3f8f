/* emulation_cases.cpp: the emulation tells what is wrong with a kernel, with a sentence and without harm. Not for a GPU, where
 * these kernels hang or compute nonsense.
 */
#include <cstring>

#include "case.hpp"
#include "launch.cuh"

namespace leap::cases {
namespace {

constexpr int THREADS = 128;

template <auto kernel, class... Arguments>
leap_status run(std::size_t shared_bytes, Arguments... arguments) {
    return launch<kernel>({stream(), {1}, {THREADS}, shared_bytes}, arguments...);
}

/* How many of `schedules` schedules give something else than `wanted`. */
template <class Body>
int wrong_under(int schedules, Body&& body) {
    int wrong = 0;
    for (int seed = 1; seed <= schedules; ++seed) {
        device::set_schedule(seed);
        wrong += !body();
    }
    return wrong;
}

__global__ void barrier_in_one_branch() {
    if (threadIdx.x < 64) __syncthreads();
    if (threadIdx.x >= 64) ptx::copy_async_wait<0>();
    if (threadIdx.x == 0) simt::named_barrier(1, 33, true);
}

__global__ void shuffle_in_one_branch(float* y) {
    if (threadIdx.x % 2 == 0) y[threadIdx.x] = __shfl_xor_sync(ALL_LANES, 1.0f, 2);
}

__global__ void shuffle_against_vote(float* y) {
    if (threadIdx.x % 2 == 0) y[threadIdx.x] = __shfl_xor_sync(ALL_LANES, 1.0f, 2);
    else y[threadIdx.x] = float(__ballot_sync(ALL_LANES, 1));
}

__global__ void misaligned_matrix() {
    LEAP_SHARED_ARRAY(uint16_t, tile, 8 * 9 * 4);
    uint32_t r[4];
    ptx::load_matrix_x4(r, tile + 9 * lane_id());
}

__global__ void copy_without_wait(const float* x) {
    LEAP_SHARED_ARRAY(float, tile, 4 * THREADS);
    ptx::copy_async_16(tile + 4 * threadIdx.x, x + 4 * threadIdx.x, true);
    ptx::copy_async_commit();
}

/* y = x reversed within the block; right only with the barrier. */
template <bool WITH_BARRIER>
__global__ void reverse(const float* x, float* y) {
    LEAP_SHARED_ARRAY(float, tile, THREADS);
    tile[threadIdx.x] = x[threadIdx.x];
    if constexpr (WITH_BARRIER) __syncthreads();
    y[threadIdx.x] = tile[THREADS - 1 - threadIdx.x];
}

/* y = x by way of an asynchronous copy; right only where it is waited for. */
template <bool WITH_WAIT>
__global__ void copy_through_shared(const float* x, float* y) {
    LEAP_SHARED_ARRAY(float, tile, 4 * THREADS);
    float* own = tile + 4 * threadIdx.x;
    ptx::copy_async_16(own, x + 4 * threadIdx.x, true);
    ptx::copy_async_commit();
    if constexpr (WITH_WAIT) ptx::copy_async_wait<0>();
    for (int i = 0; i < 4; ++i) y[4 * threadIdx.x + i] = own[i];
    if constexpr (!WITH_WAIT) ptx::copy_async_wait<0>();
}

/* Half of the block waits for a word that the other half writes, or nobody. */
__global__ void wait_for_word(int writer, int* seen) {
    LEAP_SHARED_ARRAY(int, word, 1);
    if (threadIdx.x == 0) *word = 0;
    __syncthreads();
    if (int(threadIdx.x) == writer) *word = 7;
    if (threadIdx.x < 64) {
        while (*word != 7) simt::poll("the word", word);
        seen[threadIdx.x] = *word;
    }
}

__global__ void read_unwritten(float* y) {
    LEAP_SHARED_ARRAY(float, fixed, THREADS);
    LEAP_DYNAMIC_SHARED(dynamic);
    y[threadIdx.x] = fixed[threadIdx.x];
    y[THREADS + threadIdx.x] = reinterpret_cast<const float*>(dynamic)[threadIdx.x];
}

std::vector<float> counting(int n) {
    std::vector<float> x(n);
    for (int i = 0; i < n; ++i) x[i] = float(i);
    return x;
}

}  // namespace

LEAP_CASES(emulation) {
    define("a barrier that not all threads reach", [] {
        expect_refused(run<barrier_in_one_branch>(0), LEAP_DEVICE_ERROR, "for threads that never come");
    });
    define("a shuffle without half of the lanes", [] {
        Buffer<float> y(THREADS);
        expect_refused(run<shuffle_in_one_branch>(0, y.data()), LEAP_DEVICE_ERROR, "__shfl_xor_sync");
    });
    define("lanes of a warp in different operations", [] {
        Buffer<float> y(THREADS);
        expect_refused(run<shuffle_against_vote>(0, y.data()), LEAP_DEVICE_ERROR, "while other lanes of the warp are at");
    });
    define("a misaligned ldmatrix", [] {
        expect_refused(run<misaligned_matrix>(0), LEAP_DEVICE_ERROR, "not aligned to 16 bytes");
    });
    define("a thread ends before its asynchronous copies", [] {
        const std::vector<float> values = counting(4 * THREADS);
        Buffer<float> x(values);
        const auto accepted = [&] { return run<copy_without_wait>(0, x.data()) == LEAP_OK; };
        expect(wrong_under(20, accepted) > 0, "no schedule of 20 shows it");
    });
    define("a missing barrier", [] {
        const std::vector<float> values = counting(THREADS), reversed(values.rbegin(), values.rend());
        Buffer<float> x(values), y(THREADS);
        const auto right = [&]<bool WITH_BARRIER>() {
            expect_ok(run<reverse<WITH_BARRIER>>(0, x.data(), y.data()));
            const std::vector<float> actual = y.read();
            return std::memcmp(actual.data(), reversed.data(), THREADS * sizeof(float)) == 0;
        };
        expect(wrong_under(20, [&] { return right.operator()<true>(); }) == 0, "wrong even with the barrier");
        expect(wrong_under(20, [&] { return right.operator()<false>(); }) == 20, "right without the barrier");
    });
    define("an asynchronous copy that is not waited for", [] {
        const std::vector<float> values = counting(4 * THREADS);
        Buffer<float> x(values), y(4 * THREADS);
        const auto right = [&]<bool WITH_WAIT>() {
            expect_ok(run<copy_through_shared<WITH_WAIT>>(0, x.data(), y.data()));
            return y.read() == values;
        };
        expect(wrong_under(20, [&] { return right.operator()<true>(); }) == 0, "wrong even with the wait");
        expect(wrong_under(20, [&] { return right.operator()<false>(); }) > 0, "no schedule of 20 shows it");
    });
    define("threads that wait for a word in shared memory", [] {
        Buffer<int> seen(64);
        expect_ok(run<wait_for_word>(0, 100, seen.data()));
        expect_equal("seen", seen.read(), std::vector<int>(64, 7));
        expect_refused(run<wait_for_word>(0, -1, seen.data()), LEAP_DEVICE_ERROR, "waits at the word");
    });
    define("shared memory is NaN at first", [] {
        Buffer<float> y(2 * THREADS);
        y.write(std::vector<float>(2 * THREADS, 0.0f));
        expect_ok(run<read_unwritten>(THREADS * sizeof(float), y.data()));
        expect_equal("y", y.read(), std::vector<float>(2 * THREADS, NAN));
    });
}

}  // namespace leap::cases
