/* emulated_runtime_cases.cpp: the emulated runtime keeps CUDA's rules: what is seen when, what is refused and with which number, what a
 * fault leaves behind.
 */
#include <unistd.h>

#include <cstring>
#include <thread>

#include "emulated_libraries.hpp"
#include "launch.cuh"

namespace leap::cases {
namespace {

enum : int { GLOBAL = 0, THREAD_LOCAL = 1, RELAXED = 2 };
constexpr unsigned DISABLE_TIMING = 2;

__global__ void fill_kernel(float* y, float value) { y[threadIdx.x] = value; }

__global__ void append_kernel(float* y, float digit) {
    if (threadIdx.x == 0) *y = *y * 10 + digit;
}

/* Half of the threads wait for more than there are. */
__global__ void faulty_kernel(unsigned threads) {
    if (threadIdx.x < threads / 2) __syncthreads();
    else simt::named_barrier(1, int(threads), true);
}

leap_status fill(void* stream, float* y, int n, float value) {
    return launch<fill_kernel>({stream, {1}, {unsigned(n)}}, y, value);
}

/* *y = *y * 10 + digit: the digits tell the order. */
leap_status append(void* stream, float* y, float digit) { return launch<append_kernel>({stream, {1}, {32}}, y, digit); }

leap_status fault(void* stream) { return launch<faulty_kernel>({stream, {1}, {64}}, 64u); }

void expect_launched(leap_status status) { expect(status == LEAP_OK, "status %d: %s", status, leap_last_error()); }

/* The system reads for us and says no where we would be killed. */
bool host_can_read(const void* memory) {
    int ends[2];
    expect(pipe(ends) == 0, "no pipe");
    const bool is_readable = write(ends[1], memory, 1) == 1;
    for (int end : ends) close(end);
    return is_readable;
}

/* The executable graph of what `body` puts into the stream. */
template <class Body>
Owned captured(void* stream, Body&& body, int mode = THREAD_LOCAL) {
    void *graph = nullptr, *exec = nullptr;
    EXPECT_OK(cudaStreamBeginCapture(stream, mode));
    body();
    EXPECT_OK(cudaStreamEndCapture(stream, &graph));
    EXPECT_OK(cudaGraphInstantiate(&exec, graph, 0));
    EXPECT_OK(cudaGraphDestroy(graph));
    return {exec, cudaGraphExecDestroy};
}

/* A capture of `stream` in which the call was refused with `status` has ended without a graph. */
void expect_invalidated(void* stream) {
    void* graph = stream;
    EXPECT_STATUS(901, cudaStreamEndCapture(stream, &graph));
    expect(graph == nullptr, "a graph from a capture that is invalid");
    EXPECT_OK(cudaStreamSynchronize(stream));
}

}  // namespace

LEAP_CASES(emulated_memory) {
    const auto define_case = [&](const char* name, std::function<void()> body) { define(name, leaves_nothing(std::move(body))); };

    define_case("new memory is NaN, and only work may touch it", [] {
        const Owned stream = new_stream();
        const Memory<float> x(1000), pinned(1, true);
        expect(!host_can_read(x.data()) && host_can_read(pinned.data()), "the host can read device memory, or not pinned memory");
        expect_equal("x", x.read(stream), std::vector<float>(1000, NAN));
        expect(!host_can_read(x.data()), "the host can read device memory after work has run");
        expect(reinterpret_cast<std::uintptr_t>(x.data()) % 256 == 0, "x is not aligned to 256");
    });
    define_case("memory runs out", [] {
        std::size_t free = 0, total = 0;
        emulated_set_memory(1 << 20);
        const Memory<char> x(600 << 10);
        void* more = &free;
        EXPECT_STATUS(2, cudaMalloc(&more, 500 << 10));
        expect(more == nullptr, "memory where there is none");
        EXPECT_STATUS(2, cudaGetLastError());
        EXPECT_OK(cudaGetLastError());
        EXPECT_OK(cudaMemGetInfo(&free, &total));
        expect(total == 1 << 20 && free == (1 << 20) - (600 << 10), "%zu of %zu bytes are free", free, total);
        EXPECT_OK(cudaSetDevice(1));
        EXPECT_OK(cudaMemGetInfo(&free, &total));
        EXPECT_OK(cudaSetDevice(0));
        expect(free == total, "one device's memory is taken from another's");
    });
    define_case("what is freed", [] {
        void *memory = nullptr, *pinned = nullptr;
        EXPECT_OK(cudaMalloc(&memory, 100));
        EXPECT_OK(cudaMallocHost(&pinned, 100));
        EXPECT_STATUS(1, cudaFree(pinned));
        EXPECT_STATUS(1, cudaFreeHost(memory));
        EXPECT_STATUS(1, cudaFree(static_cast<char*>(memory) + 16));
        EXPECT_OK(cudaFree(memory));
        EXPECT_STATUS(1, cudaFree(memory));
        EXPECT_OK(cudaFreeHost(pinned));
        EXPECT_STATUS(1, cudaFreeHost(pinned));
        expect(!host_can_read(pinned), "pinned memory that was freed can be read");
        EXPECT_OK(cudaFree(nullptr));
        EXPECT_OK(cudaMalloc(&memory, 0));
        expect(memory == nullptr, "memory of no bytes");
        EXPECT_STATUS(1, cudaMalloc(nullptr, 1));
    });
    define_case("a write beyond an allocation's end", [] {
        const Owned stream = new_stream();
        void* memory = nullptr;
        EXPECT_OK(cudaMalloc(&memory, 4 * sizeof(float)));
        expect_launched(fill(stream, static_cast<float*>(memory), 5, 1));
        EXPECT_STATUS(700, cudaFree(memory));
        expect(std::strstr(emulated_last_fault(), "beyond the ends"), "\"%s\"", emulated_last_fault());
    });
    define_case("copies that are refused", [] {
        const Owned stream = new_stream();
        const Memory<char> x(100), y(100);
        char host[100] = {};
        EXPECT_STATUS(1, cudaMemcpyAsync(x.data(), host, 101, HOST_TO_DEVICE, stream));
        EXPECT_STATUS(1, cudaMemcpyAsync(x.data(), host, 100, DEVICE_TO_HOST, stream));
        EXPECT_STATUS(1, cudaMemcpyAsync(x.data(), y.data(), 100, HOST_TO_DEVICE, stream));
        EXPECT_STATUS(1, cudaMemcpyAsync(x.data(), host, 100, 5, stream));
        EXPECT_STATUS(1, cudaMemcpyAsync(nullptr, host, 100, ANY_KIND, stream));
        EXPECT_STATUS(400, cudaMemcpyAsync(x.data(), host, 100, HOST_TO_DEVICE, host));
        EXPECT_STATUS(1, cudaMemsetAsync(x.data() + 1, 0, 100, stream));
        EXPECT_STATUS(1, cudaMemsetAsync(host, 0, 100, stream));
        void* freed = nullptr;
        EXPECT_OK(cudaMalloc(&freed, 100));
        EXPECT_OK(cudaFree(freed));
        EXPECT_STATUS(1, cudaMemcpyAsync(freed, host, 100, ANY_KIND, stream));
        EXPECT_OK(cudaMemcpyAsync(x.data(), y.data(), 0, HOST_TO_DEVICE, stream));
    });
    define_case("pageable memory is read at once, pinned memory when its turn comes", [] {
        const Owned stream = new_stream();
        const Memory<float> x(2), pinned(1, true);
        float pageable = 1;
        *pinned.data() = 1;
        EXPECT_OK(cudaMemcpyAsync(x.data(), &pageable, sizeof(float), HOST_TO_DEVICE, stream));
        EXPECT_OK(cudaMemcpyAsync(x.data() + 1, pinned.data(), sizeof(float), HOST_TO_DEVICE, stream));
        pageable = *pinned.data() = 2;
        expect_equal("x", x.read(stream), {1, 2});
    });
    define_case("freeing waits for the work", [] {
        const Owned stream = new_stream();
        void* memory = nullptr;
        EXPECT_OK(cudaMalloc(&memory, 64));
        const Memory<float> pinned(1, true);
        *pinned.data() = 0;
        expect_launched(fill(stream, static_cast<float*>(memory), 16, 3));
        EXPECT_OK(cudaMemcpyAsync(pinned.data(), memory, sizeof(float), ANY_KIND, stream));
        EXPECT_OK(cudaFree(memory));
        expect(*pinned.data() == 3, "pinned is %g", *pinned.data());
    });
}

LEAP_CASES(emulated_streams) {
    const auto define_case = [&](const char* name, std::function<void()> body) { define(name, leaves_nothing(std::move(body))); };

    define_case("a host that does not wait sees nothing", [] {
        const Owned stream = new_stream();
        const Memory<float> x(8), pinned(8, true);
        EXPECT_OK(cudaMemsetAsync(pinned.data(), 0, pinned.bytes(), stream));
        EXPECT_OK(cudaStreamSynchronize(stream));
        expect_launched(fill(stream, x.data(), 8, 5));
        EXPECT_OK(cudaMemcpyAsync(pinned.data(), x.data(), x.bytes(), DEVICE_TO_HOST, stream));
        expect(pinned.data()[7] == 0, "seen without waiting");
        EXPECT_OK(cudaStreamSynchronize(stream));
        expect(pinned.data()[7] == 5, "not seen after waiting");
    });
    define_case("work runs in order", [] {
        const Owned stream = new_stream();
        const Memory<float> y(1);
        EXPECT_OK(cudaMemsetAsync(y.data(), 0, sizeof(float), stream));
        for (int digit = 1; digit <= 5; ++digit) expect_launched(append(stream, y.data(), float(digit)));
        expect_equal("y", y.read(stream), {12345});
    });
    define_case("destroying a stream has its work done", [] {
        const Owned other = new_stream();
        const Memory<float> y(8);
        {
            const Owned stream = new_stream();
            expect_launched(fill(stream, y.data(), 8, 2));
        }
        expect_equal("y", y.read(other), std::vector<float>(8, 2));
    });
    define_case("an event is the work before it", [] {
        const Owned stream = new_stream(), event = new_event();
        Memory<float> y(std::vector<float>{0}), pinned(1, true);
        EXPECT_OK(cudaStreamSynchronize(nullptr));
        *pinned.data() = 0;
        for (int digit = 1; digit <= 2; ++digit) {
            expect_launched(append(stream, y.data(), float(digit)));
            EXPECT_OK(cudaMemcpyAsync(pinned.data(), y.data(), sizeof(float), ANY_KIND, stream));
            if (digit == 1) EXPECT_OK(cudaEventRecord(event, stream));
        }
        EXPECT_OK(cudaEventSynchronize(event));
        expect(*pinned.data() == 1, "pinned is %g after the event", *pinned.data());
        EXPECT_OK(cudaEventQuery(event));
        EXPECT_OK(cudaStreamSynchronize(stream));
        expect(*pinned.data() == 12, "pinned is %g at the end", *pinned.data());
    });
    define_case("who asks for an event again and again sees it", [] {
        const Owned stream = new_stream(), event = new_event();
        const Memory<float> y(1);
        EXPECT_OK(cudaEventQuery(event));
        for (int digit = 1; digit <= 3; ++digit) expect_launched(append(stream, y.data(), 1));
        EXPECT_OK(cudaEventRecord(event, stream));
        int asked = 0;
        while (cudaEventQuery(event) == 600 && asked < 100) ++asked;
        expect(asked > 0 && asked < 100, "asked %d times", asked);
        EXPECT_OK(cudaEventQuery(event));
    });
    define_case("the time between events", [] {
        const Owned stream = new_stream(), start = new_event(), end = new_event(), timeless = new_event(DISABLE_TIMING);
        float ms = -1;
        EXPECT_STATUS(400, cudaEventElapsedTime(&ms, start, end));
        for (void* event : {start.get(), end.get(), timeless.get()}) EXPECT_OK(cudaEventRecord(event, stream));
        EXPECT_STATUS(600, cudaEventElapsedTime(&ms, start, end));
        EXPECT_OK(cudaStreamSynchronize(stream));
        EXPECT_OK(cudaEventElapsedTime(&ms, start, end));
        expect(ms >= 0, "%g ms", ms);
        EXPECT_STATUS(400, cudaEventElapsedTime(&ms, start, timeless));
    });
    define_case("a stream waits for another's event", [] {
        const Owned first = new_stream(), second = new_stream(), event = new_event(DISABLE_TIMING);
        Memory<float> y(std::vector<float>{0});
        EXPECT_OK(cudaStreamSynchronize(nullptr));
        expect_launched(append(first, y.data(), 1));
        EXPECT_OK(cudaEventRecord(event, first));
        EXPECT_OK(cudaStreamWaitEvent(second, event, 0));
        expect_launched(append(second, y.data(), 2));
        expect_launched(append(first, y.data(), 3));
        expect_equal("y", y.read(second), {12});
        expect_equal("y", y.read(first), {123});
    });
    define_case("the legacy stream and blocking streams wait for each other, non-blocking ones do not", [] {
        const Owned blocking = new_stream(0), other = new_stream(0), free = new_stream();
        const Memory<float> y(1);
        EXPECT_OK(cudaMemsetAsync(y.data(), 0, sizeof(float), blocking));
        expect_launched(append(blocking, y.data(), 1));
        expect_launched(append(free, y.data(), 9));
        const std::vector<float> one = y.read(nullptr);
        EXPECT_OK(cudaMemsetAsync(y.data(), 0, sizeof(float), nullptr));
        expect_launched(append(other, y.data(), 4));
        expect_equal("y", one, {1});
        expect_equal("y", y.read(other), {4});
        expect_equal("y", y.read(free), {49});
    });
    define_case("handles that are none", [] {
        void *stream = nullptr, *event = nullptr;
        const Memory<float> y(8);
        EXPECT_OK(cudaStreamCreateWithFlags(&stream, NON_BLOCKING));
        EXPECT_OK(cudaEventCreateWithFlags(&event, 0));
        EXPECT_STATUS(400, cudaEventDestroy(stream));
        EXPECT_STATUS(400, cudaStreamDestroy(event));
        EXPECT_STATUS(400, cudaStreamDestroy(nullptr));
        EXPECT_STATUS(1, cudaStreamWaitEvent(stream, event, 1));
        EXPECT_OK(cudaStreamDestroy(stream));
        EXPECT_OK(cudaEventDestroy(event));
        EXPECT_STATUS(400, cudaStreamDestroy(stream));
        EXPECT_STATUS(400, cudaEventDestroy(event));
        EXPECT_STATUS(400, cudaStreamSynchronize(stream));
        EXPECT_STATUS(400, cudaEventRecord(event, nullptr));
        EXPECT_STATUS(400, cudaEventQuery(event));
        EXPECT_STATUS(1, cudaStreamCreateWithFlags(nullptr, NON_BLOCKING));
        EXPECT_STATUS(1, cudaStreamCreateWithFlags(&stream, 2));
        EXPECT_STATUS(1, cudaEventCreateWithFlags(&event, 8));
        expect_refused(fill(stream, y.data(), 8, 1), LEAP_DEVICE_ERROR, "cudaLaunchKernel: error 400");
    });
    define_case("the current device is the thread's", [] {
        int device = -1, count = 0;
        EXPECT_OK(cudaGetDeviceCount(&count));
        expect(count == 2, "%d devices", count);
        EXPECT_STATUS(101, cudaSetDevice(2));
        EXPECT_STATUS(101, cudaSetDevice(-1));
        const Owned stream = new_stream(), event = new_event();
        const Memory<float> y(8);
        std::thread([&] {
            cudaGetDevice(&device);
            cudaSetDevice(1);
        }).join();
        expect(device == 0, "a new thread is on device %d", device);
        EXPECT_OK(cudaGetDevice(&device));
        expect(device == 0, "another thread's device");
        EXPECT_OK(cudaSetDevice(1));
        const leap_status status = fill(stream, y.data(), 8, 1);
        const Owned elsewhere = new_stream();
        const int recorded = cudaEventRecord(event, elsewhere);
        EXPECT_OK(cudaSetDevice(0));
        expect(status == LEAP_DEVICE_ERROR, "a launch into another device's stream: status %d", status);
        EXPECT_STATUS(400, recorded);
    });
    define_case("threads wait at once", [] {
        constexpr int THREADS = 4, ROUNDS = 20;
        std::vector<int> wrong(THREADS);
        std::vector<std::thread> threads;
        for (int t = 0; t < THREADS; ++t)
            threads.emplace_back([&wrong, t] {
                const Owned stream = new_stream();
                for (int round = 0; round < ROUNDS; ++round) {
                    const Memory<float> y(32);
                    fill(stream, y.data(), 32, float(t));
                    wrong[t] += y.read(stream) != std::vector<float>(32, float(t));
                }
            });
        for (std::thread& thread : threads) thread.join();
        expect_equal("wrong rounds", wrong, std::vector<int>(THREADS));
    });
}

LEAP_CASES(emulated_capture) {
    const auto define_case = [&](const char* name, std::function<void()> body) { define(name, leaves_nothing(std::move(body))); };

    define_case("a graph runs when it is launched, as often as it is", [] {
        const Owned stream = new_stream();
        Memory<float> y(std::vector<float>{0});
        EXPECT_OK(cudaStreamSynchronize(nullptr));
        const Owned graph = captured(stream, [&] {
            expect_launched(append(stream, y.data(), 1));
            expect_launched(append(stream, y.data(), 2));
        });
        expect_equal("y", y.read(stream), {0});
        EXPECT_OK(cudaGraphLaunch(graph, stream));
        EXPECT_OK(cudaGraphLaunch(graph, stream));
        expect_equal("y", y.read(stream), {1212});
    });
    define_case("a replay reads what its pointers hold then", [] {
        const Owned stream = new_stream();
        const Memory<float> x(1), y(1), pinned(1, true);
        const Owned graph = captured(stream, [&] {
            EXPECT_OK(cudaMemcpyAsync(x.data(), pinned.data(), sizeof(float), HOST_TO_DEVICE, stream));
            EXPECT_OK(cudaMemcpyAsync(y.data(), x.data(), sizeof(float), DEVICE_TO_DEVICE, stream));
        });
        for (float value : {3.0f, 4.0f}) {
            *pinned.data() = value;
            EXPECT_OK(cudaGraphLaunch(graph, stream));
            expect_equal("y", y.read(stream), {value});
        }
    });
    define_case("a graph outlives its executable, and what is queued outlives both", [] {
        const Owned stream = new_stream();
        const Memory<float> y(8);
        {
            const Owned graph = captured(stream, [&] { expect_launched(fill(stream, y.data(), 8, 6)); });
            EXPECT_OK(cudaGraphLaunch(graph, stream));
        }
        expect_equal("y", y.read(stream), std::vector<float>(8, 6));
    });
    define_case("a graph in a graph", [] {
        const Owned stream = new_stream();
        Memory<float> y(std::vector<float>{0});
        EXPECT_OK(cudaStreamSynchronize(nullptr));
        const Owned inner = captured(stream, [&] { expect_launched(append(stream, y.data(), 2)); });
        const Owned outer = captured(stream, [&] {
            expect_launched(append(stream, y.data(), 1));
            EXPECT_OK(cudaGraphLaunch(inner, stream));
            expect_launched(append(stream, y.data(), 3));
        });
        EXPECT_OK(cudaGraphLaunch(outer, stream));
        expect_equal("y", y.read(stream), {123});
    });
    define_case("streams fork and join", [] {
        const Owned stream = new_stream(), side = new_stream(), fork = new_event(), join = new_event();
        Memory<float> y(std::vector<float>{0, 0});
        EXPECT_OK(cudaStreamSynchronize(nullptr));
        const Owned graph = captured(stream, [&] {
            expect_launched(append(stream, y.data(), 1));
            EXPECT_OK(cudaEventRecord(fork, stream));
            EXPECT_OK(cudaStreamWaitEvent(side, fork, 0));
            expect_launched(append(side, y.data() + 1, 7));
            EXPECT_OK(cudaEventRecord(join, side));
            EXPECT_OK(cudaStreamWaitEvent(stream, join, 0));
        });
        EXPECT_OK(cudaStreamSynchronize(side));
        EXPECT_OK(cudaGraphLaunch(graph, stream));
        expect_equal("y", y.read(stream), {1, 7});
    });
    define_case("a fork that is not joined", [] {
        const Owned stream = new_stream(), side = new_stream(), fork = new_event();
        const Memory<float> y(1);
        void* graph = nullptr;
        EXPECT_OK(cudaStreamBeginCapture(stream, THREAD_LOCAL));
        EXPECT_OK(cudaEventRecord(fork, stream));
        EXPECT_OK(cudaStreamWaitEvent(side, fork, 0));
        expect_launched(append(side, y.data(), 1));
        EXPECT_STATUS(904, cudaStreamEndCapture(stream, &graph));
        EXPECT_OK(cudaStreamSynchronize(side));
        EXPECT_OK(cudaStreamBeginCapture(stream, THREAD_LOCAL));
        EXPECT_OK(cudaEventRecord(fork, stream));
        EXPECT_OK(cudaStreamWaitEvent(side, fork, 0));
        EXPECT_STATUS(903, cudaStreamEndCapture(side, &graph));
        expect_invalidated(stream);
    });
    define_case("a stream that is captured cannot be waited for", [] {
        const Owned stream = new_stream(), event = new_event();
        const Memory<float> y(8);
        float host = 0;
        const std::function<int()> waits[] = {
            [&] { return cudaStreamSynchronize(stream); },
            [&] { return cudaMemcpyAsync(&host, y.data(), sizeof(float), DEVICE_TO_HOST, stream); },
            [&] { return cudaMemcpyAsync(y.data(), &host, sizeof(float), HOST_TO_DEVICE, stream); },
        };
        for (const auto& wait : waits) {
            EXPECT_OK(cudaStreamBeginCapture(stream, RELAXED));
            EXPECT_STATUS(900, wait());
            EXPECT_STATUS(901, cudaMemsetAsync(y.data(), 0, 4, stream));
            expect_invalidated(stream);
        }
        for (int (*ask)(void*) : {cudaEventQuery, cudaEventSynchronize}) {
            EXPECT_OK(cudaStreamBeginCapture(stream, RELAXED));
            EXPECT_OK(cudaEventRecord(event, stream));
            EXPECT_STATUS(907, ask(event));
            expect_invalidated(stream);
        }
        EXPECT_STATUS(907, cudaStreamWaitEvent(stream, event, 0));
    });
    define_case("what a capture's mode forbids, and to whom", [] {
        const Owned stream = new_stream(), other = new_stream();
        const auto allocated = [] {
            void* memory = nullptr;
            const int status = cudaMalloc(&memory, 16);
            if (status == 0) cudaFree(memory);
            return status;
        };
        const auto allocated_elsewhere = [&] {
            int status = -1;
            std::thread([&] { status = allocated(); }).join();
            return status;
        };
        const int wanted[3][2] = {{900, 900}, {900, 0}, {0, 0}};
        for (int mode : {GLOBAL, THREAD_LOCAL, RELAXED})
            for (int elsewhere : {0, 1}) {
                void* graph = nullptr;
                EXPECT_OK(cudaStreamBeginCapture(stream, mode));
                const int status = elsewhere ? allocated_elsewhere() : allocated();
                expect(status == wanted[mode][elsewhere], "mode %d, %s thread: status %d", mode, elsewhere ? "another" : "the same", status);
                EXPECT_STATUS(status == 0 ? 0 : 901, cudaStreamEndCapture(stream, &graph));
                if (graph) EXPECT_OK(cudaGraphDestroy(graph));
            }
        EXPECT_OK(cudaStreamBeginCapture(stream, THREAD_LOCAL));
        EXPECT_STATUS(900, cudaStreamSynchronize(other));
        expect_invalidated(stream);
    });
    define_case("begin and end", [] {
        const Owned stream = new_stream();
        void* graph = nullptr;
        EXPECT_STATUS(900, cudaStreamBeginCapture(nullptr, GLOBAL));
        EXPECT_STATUS(1, cudaStreamBeginCapture(stream, 3));
        EXPECT_STATUS(401, cudaStreamEndCapture(stream, &graph));
        EXPECT_OK(cudaStreamBeginCapture(stream, THREAD_LOCAL));
        EXPECT_STATUS(401, cudaStreamBeginCapture(stream, THREAD_LOCAL));
        int status = 0;
        std::thread([&] { status = cudaStreamEndCapture(stream, &graph); }).join();
        EXPECT_STATUS(908, status);
        expect_invalidated(stream);
        EXPECT_OK(cudaStreamBeginCapture(stream, RELAXED));
        std::thread([&] { status = cudaStreamEndCapture(stream, &graph); }).join();
        EXPECT_STATUS(0, status);
        EXPECT_STATUS(1, cudaGraphInstantiate(nullptr, graph, 0));
        EXPECT_OK(cudaGraphDestroy(graph));
        void* exec = nullptr;
        EXPECT_STATUS(1, cudaGraphDestroy(graph));
        EXPECT_STATUS(1, cudaGraphInstantiate(&exec, graph, 0));
        EXPECT_STATUS(1, cudaGraphLaunch(graph, stream));
        EXPECT_STATUS(1, cudaGraphExecDestroy(graph));
    });
    define_case("work from outside", [] {
        const Owned stream = new_stream(), other = new_stream(), event = new_event(), blocking = new_stream(0);
        const Memory<float> y(1);
        EXPECT_OK(cudaEventRecord(event, other));
        EXPECT_OK(cudaStreamBeginCapture(stream, THREAD_LOCAL));
        EXPECT_STATUS(905, cudaStreamWaitEvent(stream, event, 0));
        expect_invalidated(stream);
        EXPECT_OK(cudaStreamBeginCapture(blocking, THREAD_LOCAL));
        EXPECT_STATUS(906, cudaMemsetAsync(y.data(), 0, 4, nullptr));
        expect_invalidated(blocking);
    });
    define_case("a stream that is destroyed while it is captured", [] {
        Owned stream = new_stream();
        const Memory<float> y(1);
        EXPECT_OK(cudaStreamBeginCapture(stream, GLOBAL));
        expect_launched(append(stream, y.data(), 1));
        EXPECT_OK(stream.destroy());
    });
}

LEAP_CASES(emulated_faults) {
    const auto define_case = [&](const char* name, std::function<void()> body) { define(name, leaves_nothing(std::move(body))); };

    define_case("a kernel's fault sticks", [] {
        const Owned stream = new_stream(), event = new_event();
        const Memory<float> y(8);
        expect_launched(fault(stream));
        expect_launched(fill(stream, y.data(), 8, 1));
        EXPECT_STATUS(719, cudaStreamSynchronize(stream));
        expect(std::strstr(emulated_last_fault(), "for threads that never come"), "\"%s\"", emulated_last_fault());
        void* memory = nullptr;
        EXPECT_STATUS(719, cudaMalloc(&memory, 1));
        EXPECT_STATUS(719, cudaEventRecord(event, stream));
        EXPECT_STATUS(719, cudaMemsetAsync(y.data(), 0, 4, stream));
        expect_refused(fill(stream, y.data(), 8, 1), LEAP_DEVICE_ERROR, "cudaLaunchKernel: error 719");
        EXPECT_STATUS(719, cudaGetLastError());
        EXPECT_STATUS(719, cudaGetLastError());
        emulated_reset();
        EXPECT_OK(cudaGetLastError());
        expect_equal("y", y.read(stream), std::vector<float>(8, NAN));
    });
    define_case("a fault is another device's business", [] {
        const Owned stream = new_stream();
        expect_launched(fault(stream));
        EXPECT_STATUS(719, cudaStreamSynchronize(stream));
        EXPECT_OK(cudaSetDevice(1));
        const Memory<float> y(1);
        EXPECT_OK(cudaStreamSynchronize(nullptr));
        EXPECT_STATUS(719, cudaSetDevice(0));
    });
    define_case("a fault in a graph, and in a stream that is waited for", [] {
        const Owned stream = new_stream(), other = new_stream(), event = new_event();
        const Owned graph = captured(stream, [&] { expect_launched(fault(stream)); });
        EXPECT_OK(cudaGraphLaunch(graph, stream));
        EXPECT_OK(cudaEventRecord(event, stream));
        EXPECT_OK(cudaStreamWaitEvent(other, event, 0));
        EXPECT_STATUS(719, cudaStreamSynchronize(other));
        expect(std::strstr(emulated_last_fault(), "for threads that never come"), "\"%s\"", emulated_last_fault());
    });
    define_case("a graph whose memory is gone", [] {
        const Owned stream = new_stream();
        void* memory = nullptr;
        EXPECT_OK(cudaMalloc(&memory, 64));
        const Owned graph = captured(stream, [&] { EXPECT_OK(cudaMemsetAsync(memory, 0, 64, stream)); });
        EXPECT_OK(cudaFree(memory));
        EXPECT_OK(cudaGraphLaunch(graph, stream));
        EXPECT_STATUS(700, cudaStreamSynchronize(stream));
        expect(std::strstr(emulated_last_fault(), "alive"), "\"%s\"", emulated_last_fault());
    });
    define_case("planned failures", [] {
        const Owned stream = new_stream();
        const Memory<float> y(8);
        void* memory = nullptr;
        emulated_fail("cudaMalloc", 2, 2);
        EXPECT_OK(cudaMalloc(&memory, 16));
        EXPECT_OK(cudaStreamSynchronize(stream));
        void* second = nullptr;
        EXPECT_STATUS(2, cudaMalloc(&second, 16));
        expect(second == nullptr, "a call that fails does something");
        EXPECT_STATUS(2, cudaPeekAtLastError());
        EXPECT_OK(cudaFree(memory));
        emulated_fail("cudaLaunchKernel", 1, 701);
        expect_refused(fill(stream, y.data(), 8, 1), LEAP_DEVICE_ERROR, "cudaLaunchKernel: error 701");
        expect_launched(fill(stream, y.data(), 8, 1));
        emulated_fail(nullptr, 1, 5);
        EXPECT_STATUS(999, cudaStreamSynchronize(stream));
        emulated_fail(nullptr, 1, 5);
        EXPECT_STATUS(14, cublasLtCreate(&memory));
        emulated_fail(nullptr, 2, 5);
        EXPECT_OK(cudaStreamSynchronize(stream));
        EXPECT_STATUS(5000, cudnnCreate(&memory));
        emulated_fail("cudaMalloc", 1, 2);
        emulated_reset();
        EXPECT_OK(cudaMalloc(&memory, 16));
        EXPECT_OK(cudaFree(memory));
    });
    define_case("the log", [] {
        const Owned stream = new_stream();
        const Memory<float> y(8);
        emulated_reset();
        const Owned graph = captured(stream, [&] { expect_launched(fill(stream, y.data(), 8, 1)); });
        const std::string wanted = "cudaStreamBeginCapture\ncudaLaunchKernel capturing\ncudaStreamEndCapture capturing\n"
                                   "cudaGraphInstantiate\ncudaGraphDestroy\n";
        const std::string log = text_of(emulated_log);
        expect(log == wanted && emulated_calls() == 5, "%lld calls:\n%s", (long long)emulated_calls(), log.c_str());
        char part[8];
        expect(emulated_log(part, sizeof part) == int64_t(wanted.size()) && std::string(part) == "cudaStr", "\"%s\"", part);
    });
    define_case("what is alive", [] {
        const int64_t before = emulated_live_objects();
        const Owned stream = new_stream(), event = new_event();
        const Memory<float> y(8), pinned(8, true);
        expect(emulated_live_objects() == before + 4, "%lld objects", (long long)emulated_live_objects());
        const std::string kinds = text_of(emulated_live_kinds);
        for (const char* kind : {"device memory ", "pinned memory ", "stream ", "event "})
            expect(kinds.find(kind) != std::string::npos, "no %sin\n%s", kind, kinds.c_str());
    });
}

LEAP_CASES(emulated_driver) {
    define("devices", leaves_nothing([] {
        int value = 0;
        char name[64], part[5];
        std::size_t bytes = 0;
        EXPECT_STATUS(1, cuInit(1));
        EXPECT_OK(cuInit(0));
        EXPECT_OK(cuDriverGetVersion(&value));
        expect(value == 13000, "driver %d", value);
        EXPECT_OK(cuDeviceGetCount(&value));
        expect(value == 2, "%d devices", value);
        EXPECT_STATUS(101, cuDeviceGet(&value, 2));
        EXPECT_OK(cuDeviceGet(&value, 1));
        EXPECT_OK(cuDeviceGetName(name, sizeof name, value));
        EXPECT_OK(cuDeviceGetName(part, sizeof part, value));
        expect(std::string(name) == "Emulated GPU" && std::string(part) == "Emul", "\"%s\", \"%s\"", name, part);
        EXPECT_OK(cuDeviceTotalMem_v2(&bytes, 0));
        expect(bytes == std::size_t(8) << 30, "%zu bytes", bytes);
        int runtime = 0;
        for (int attribute : {75, 76, 16}) {
            EXPECT_OK(cuDeviceGetAttribute(&value, attribute, 0));
            EXPECT_OK(cudaDeviceGetAttribute(&runtime, attribute, 1));
            expect(value == runtime, "attribute %d: %d and %d", attribute, value, runtime);
        }
        EXPECT_STATUS(101, cudaDeviceGetAttribute(&runtime, 75, 2));
        EXPECT_STATUS(1, cuDeviceGetAttribute(&value, 100000, 0));
    }));
    define("names of errors", leaves_nothing([] {
        const char* text = nullptr;
        EXPECT_OK(cuGetErrorName(3, &text));
        expect(std::string(text) == "CUDA_ERROR_NOT_INITIALIZED", "\"%s\"", text);
        EXPECT_STATUS(1, cuGetErrorString(12345, &text));
        expect(std::string(cudaGetErrorName(719)) == "cudaErrorLaunchFailure", "\"%s\"", cudaGetErrorName(719));
        expect(std::string(cudaGetErrorString(2)) == "out of memory", "\"%s\"", cudaGetErrorString(2));
        expect(std::string(cudaGetErrorName(12345)) == "unrecognized error code", "\"%s\"", cudaGetErrorName(12345));
        expect(std::string(cublasLtGetStatusName(15)) == "CUBLAS_STATUS_NOT_SUPPORTED", "\"%s\"", cublasLtGetStatusName(15));
        expect(std::string(cudnnGetErrorString(2000)) == "CUDNN_STATUS_BAD_PARAM", "\"%s\"", cudnnGetErrorString(2000));
    }));
}

}  // namespace leap::cases
