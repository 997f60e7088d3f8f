/* timing.hpp: how the bench times a call: captured into a CUDA graph again and again over rotating operands, replayed, and timed
 * with events. What is timed is the kernels one after another on a busy stream, without the host; operands of the calls together
 * exceed the second-level cache where a kernel's rate is memory's.
 */
#pragma once

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "maskleap.h"

namespace leap::bench {

inline void require(cudaError_t error, const char* what) {
    if (error == cudaSuccess) return;
    std::fprintf(stderr, "maskleap_cuda_bench: %s: %s\n", what, cudaGetErrorString(error));
    std::exit(1);
}

inline void require(leap_status status) {
    if (status == LEAP_OK) return;
    std::fprintf(stderr, "maskleap_cuda_bench: %s\n", leap_last_error());
    std::exit(1);
}

/* Microseconds per call. */
struct Timing {
    double median, least, p90;
};

/* Times call(stream, i), i = 0, 1, ...: `calls` of them in one graph, replayed 3 times for warmth and 30 times for the clock. */
template <class Call>
Timing time_calls(int calls, Call&& call) {
    constexpr int WARM_UP = 3, SAMPLES = 30;
    cudaStream_t stream;
    cudaGraph_t graph;
    cudaGraphExec_t executable;
    cudaEvent_t start, end;
    require(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "a stream");
    require(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "capture");
    for (int i = 0; i < calls; ++i) call(stream, i);
    require(cudaStreamEndCapture(stream, &graph), "capture");
    require(cudaGraphInstantiate(&executable, graph, 0), "a graph");
    require(cudaEventCreate(&start), "an event");
    require(cudaEventCreate(&end), "an event");
    std::vector<double> samples;
    for (int i = 0; i < WARM_UP + SAMPLES; ++i) {
        require(cudaEventRecord(start, stream), "an event");
        require(cudaGraphLaunch(executable, stream), "a graph");
        require(cudaEventRecord(end, stream), "an event");
        require(cudaStreamSynchronize(stream), "the stream");
        float ms = 0;
        require(cudaEventElapsedTime(&ms, start, end), "an event");
        if (i >= WARM_UP) samples.push_back(1000.0 * ms / calls);
    }
    std::sort(samples.begin(), samples.end());
    require(cudaEventDestroy(start), "an event");
    require(cudaEventDestroy(end), "an event");
    require(cudaGraphExecDestroy(executable), "a graph");
    require(cudaGraphDestroy(graph), "a graph");
    require(cudaStreamDestroy(stream), "a stream");
    return {samples[SAMPLES / 2], samples[0], samples[SAMPLES * 9 / 10]};
}

/* Device memory of n elements, once for each of `copies` calls. */
template <class T>
class Rotating {
public:
    Rotating(int64_t n, int copies) : n_(n), copies_(copies) {
        require(cudaMalloc(&memory_, sizeof(T) * n * copies), "memory");
        require(cudaMemset(memory_, 0, sizeof(T) * n * copies), "memory");
    }
    Rotating(const std::vector<T>& values, int copies) : Rotating(int64_t(values.size()), copies) {
        for (int i = 0; i < copies; ++i)
            require(cudaMemcpy(at(i), values.data(), sizeof(T) * n_, cudaMemcpyHostToDevice), "a copy");
    }
    Rotating(const Rotating&) = delete;
    Rotating& operator=(const Rotating&) = delete;
    ~Rotating() { cudaFree(memory_); }

    T* at(int call) const { return static_cast<T*>(memory_) + call % copies_ * n_; }
    T* all() const { return static_cast<T*>(memory_); }
    int64_t all_elements() const { return n_ * copies_; }

    /* The n elements of one call. */
    std::vector<T> read(int call) const {
        std::vector<T> values(n_);
        require(cudaMemcpy(values.data(), at(call), sizeof(T) * n_, cudaMemcpyDeviceToHost), "a copy");
        return values;
    }

private:
    int64_t n_;
    int copies_;
    void* memory_ = nullptr;
};

/* So many copies of `bytes` exceed every second-level cache several times. */
inline int rotations(double bytes) { return std::clamp(int(256e6 / bytes) + 1, 1, 32); }

}  // namespace leap::bench
