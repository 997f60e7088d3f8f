/* timing_cuda.cpp: time on a GPU. */
#include <cuda_runtime_api.h>

#include "bench.hpp"

namespace leap::bench {
namespace {

void require_cuda(cudaError_t error, const char* call) {
    if (error != cudaSuccess) throw cases::Failure(std::string(call) + ": " + cudaGetErrorString(error));
}
#define LEAP_CUDA(CALL, ...) require_cuda(CALL(__VA_ARGS__), #CALL)

}  // namespace

Timing time_calls(const std::function<void(leap_stream, int)>& call) {
    constexpr int WARM_UP = 3, SAMPLES = 30;
    cudaStream_t stream;
    cudaGraph_t graph;
    cudaGraphExec_t executable;
    cudaEvent_t start, end;
    LEAP_CUDA(cudaStreamCreateWithFlags, &stream, cudaStreamNonBlocking);
    LEAP_CUDA(cudaStreamBeginCapture, stream, cudaStreamCaptureModeThreadLocal);
    for (int i = 0; i < CALLS; ++i) call(stream, i);
    LEAP_CUDA(cudaStreamEndCapture, stream, &graph);
    LEAP_CUDA(cudaGraphInstantiate, &executable, graph, 0);
    LEAP_CUDA(cudaEventCreate, &start);
    LEAP_CUDA(cudaEventCreate, &end);
    std::vector<double> samples;
    for (int i = 0; i < WARM_UP + SAMPLES; ++i) {
        LEAP_CUDA(cudaEventRecord, start, stream);
        LEAP_CUDA(cudaGraphLaunch, executable, stream);
        LEAP_CUDA(cudaEventRecord, end, stream);
        LEAP_CUDA(cudaStreamSynchronize, stream);
        float ms = 0;
        LEAP_CUDA(cudaEventElapsedTime, &ms, start, end);
        if (i >= WARM_UP) samples.push_back(1000.0 * ms / CALLS);
    }
    std::sort(samples.begin(), samples.end());
    LEAP_CUDA(cudaEventDestroy, start);
    LEAP_CUDA(cudaEventDestroy, end);
    LEAP_CUDA(cudaGraphExecDestroy, executable);
    LEAP_CUDA(cudaGraphDestroy, graph);
    LEAP_CUDA(cudaStreamDestroy, stream);
    return {samples[SAMPLES / 2], samples[0], samples[SAMPLES * 9 / 10]};
}

void copy_on_device(void* to, const void* from, std::size_t bytes, leap_stream stream) {
    LEAP_CUDA(cudaMemcpyAsync, to, from, bytes, cudaMemcpyDeviceToDevice, static_cast<cudaStream_t>(stream));
}

}  // namespace leap::bench
