/* emulated_libraries.hpp: CUDA's functions, as cases of their emulation call them, and device memory by them. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "case.hpp"
#include "emulation/libraries/emulated.h"

extern "C" {

/* ---- driver_types.h and cuda_runtime_api.h ------------------------------------------------------------------------ */

int cudaRuntimeGetVersion(int*);
int cudaDriverGetVersion(int*);
int cudaGetDeviceCount(int*);
int cudaSetDevice(int);
int cudaGetDevice(int*);
int cudaDeviceGetAttribute(int*, int, int);
int cudaMemGetInfo(std::size_t*, std::size_t*);
int cudaMalloc(void**, std::size_t);
int cudaFree(void*);
int cudaMallocHost(void**, std::size_t);
int cudaFreeHost(void*);
int cudaMemcpyAsync(void*, const void*, std::size_t, int, void*);
int cudaMemsetAsync(void*, int, std::size_t, void*);
int cudaStreamCreateWithFlags(void**, unsigned);
int cudaStreamDestroy(void*);
int cudaStreamSynchronize(void*);
int cudaStreamWaitEvent(void*, void*, unsigned);
int cudaStreamBeginCapture(void*, int);
int cudaStreamEndCapture(void*, void**);
int cudaGraphInstantiate(void**, void*, unsigned long long);
int cudaGraphLaunch(void*, void*);
int cudaGraphDestroy(void*);
int cudaGraphExecDestroy(void*);
int cudaEventCreateWithFlags(void**, unsigned);
int cudaEventDestroy(void*);
int cudaEventRecord(void*, void*);
int cudaEventSynchronize(void*);
int cudaEventQuery(void*);
int cudaEventElapsedTime(float*, void*, void*);
int cudaGetLastError(void);
int cudaPeekAtLastError(void);
const char* cudaGetErrorName(int);
const char* cudaGetErrorString(int);

/* ---- cuda.h --------------------------------------------------------------------------------------------------------- */

int cuInit(unsigned);
int cuDriverGetVersion(int*);
int cuDeviceGetCount(int*);
int cuDeviceGet(int*, int);
int cuDeviceGetName(char*, int, int);
int cuDeviceTotalMem_v2(std::size_t*, int);
int cuDeviceGetAttribute(int*, int, int);
int cuGetErrorName(int, const char**);
int cuGetErrorString(int, const char**);

/* ---- cublasLt.h ------------------------------------------------------------------------------------------------------- */

struct cublasLtAlgo {
    uint64_t data[8];
};
struct cublasLtHeuristicResult {
    cublasLtAlgo algo;
    std::size_t workspace;
    int state;
    float waves;
    int reserved[4];
};

int cublasLtCreate(void**);
int cublasLtDestroy(void*);
const char* cublasLtGetStatusName(int);
int cublasLtMatmulDescCreate(void**, int, int);
int cublasLtMatmulDescDestroy(void*);
int cublasLtMatmulDescSetAttribute(void*, int, const void*, std::size_t);
int cublasLtMatrixLayoutCreate(void**, int, uint64_t, uint64_t, int64_t);
int cublasLtMatrixLayoutDestroy(void*);
int cublasLtMatmulPreferenceCreate(void**);
int cublasLtMatmulPreferenceDestroy(void*);
int cublasLtMatmulPreferenceSetAttribute(void*, int, const void*, std::size_t);
int cublasLtMatmulAlgoGetHeuristic(void*, void*, void*, void*, void*, void*, void*, int, cublasLtHeuristicResult*, int*);
int cublasLtMatmul(void*, void*, const void*, const void*, void*, const void*, void*, const void*, const void*, void*, void*, void*,
                   const cublasLtAlgo*, void*, std::size_t, void*);

/* ---- cudnn.h ------------------------------------------------------------------------------------------------------------ */

struct cudnnFwdAlgoPerf {
    int algo, status;
    float time;
    std::size_t memory;
    int determinism, math;
    int reserved[3];
};

int cudnnCreate(void**);
int cudnnDestroy(void*);
int cudnnSetStream(void*, void*);
const char* cudnnGetErrorString(int);
void cudnnGetLastErrorString(char*, std::size_t);
int cudnnCreateTensorDescriptor(void**);
int cudnnDestroyTensorDescriptor(void*);
int cudnnSetTensor4dDescriptorEx(void*, int, int, int, int, int, int, int, int, int);
int cudnnCreateFilterDescriptor(void**);
int cudnnDestroyFilterDescriptor(void*);
int cudnnSetFilter4dDescriptor(void*, int, int, int, int, int, int);
int cudnnCreateConvolutionDescriptor(void**);
int cudnnDestroyConvolutionDescriptor(void*);
int cudnnSetConvolution2dDescriptor(void*, int, int, int, int, int, int, int, int);
int cudnnSetConvolutionMathType(void*, int);
int cudnnGetConvolutionForwardAlgorithm_v7(void*, void*, void*, void*, void*, int, int*, cudnnFwdAlgoPerf*);
int cudnnConvolutionForward(void*, const void*, void*, const void*, void*, const void*, void*, int, void*, std::size_t, const void*,
                            void*, void*);
int cudnnGetConvolutionForwardWorkspaceSize(void*, void*, void*, void*, void*, int, std::size_t*);
}

namespace leap::cases {

enum : int { HOST_TO_DEVICE = 1, DEVICE_TO_HOST = 2, DEVICE_TO_DEVICE = 3, ANY_KIND = 4 };
inline constexpr unsigned NON_BLOCKING = 1;

/* The call's status is this one; 0: it was accepted. */
void expect_status(const char* call, int status, int wanted);
#define EXPECT_OK(CALL) expect_status(#CALL, CALL, 0)
#define EXPECT_STATUS(WANTED, CALL) expect_status(#CALL, CALL, WANTED)

/* What emulated_log, or emulated_live_kinds, writes. */
std::string text_of(int64_t (*write)(char*, int64_t));

/* body, between a reset and a look at what it has left behind. */
std::function<void()> leaves_nothing(std::function<void()> body);

/* Owns a handle that `destroy` gives back. */
class Owned {
public:
    Owned(int (*create)(void**), int (*destroy)(void*)) : destroy_(destroy) { expect_status("create", create(&handle_), 0); }
    Owned(void* handle, int (*destroy)(void*)) : handle_(handle), destroy_(destroy) {}
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    ~Owned() {
        if (handle_) destroy_(handle_);
    }

    void* get() const { return handle_; }
    operator void*() const { return handle_; }
    /* Gives it back now. */
    int destroy() { return destroy_(std::exchange(handle_, nullptr)); }

private:
    void* handle_ = nullptr;
    int (*destroy_)(void*);
};

Owned new_stream(unsigned flags = NON_BLOCKING);
Owned new_event(unsigned flags = 0);

/* Device memory of n elements by cudaMalloc, or pinned memory. */
template <class T>
class Memory {
public:
    explicit Memory(int64_t n, bool pinned = false) : n_(n), pinned_(pinned) {
        EXPECT_OK((pinned ? cudaMallocHost : cudaMalloc)(&memory_, n * sizeof(T)));
    }
    explicit Memory(const std::vector<T>& values) : Memory(int64_t(values.size())) { write(values); }
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    ~Memory() { (pinned_ ? cudaFreeHost : cudaFree)(memory_); }

    T* data() const { return static_cast<T*>(memory_); }
    std::size_t bytes() const { return n_ * sizeof(T); }

    void write(const std::vector<T>& values, void* stream = nullptr) {
        EXPECT_OK(cudaMemcpyAsync(memory_, values.data(), bytes(), HOST_TO_DEVICE, stream));
    }
    /* Waits for the stream. */
    std::vector<T> read(void* stream = nullptr) const {
        std::vector<T> values(n_);
        EXPECT_OK(cudaMemcpyAsync(values.data(), memory_, bytes(), DEVICE_TO_HOST, stream));
        return values;
    }

private:
    int64_t n_;
    bool pinned_;
    void* memory_ = nullptr;
};

}  // namespace leap::cases
