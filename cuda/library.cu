/* library.cu: what the CUDA library says about itself, its dtypes, and its device.
 *
 * What      no computation
 * Layouts   strings are UTF-8, ended by 0
 * A thread  of the host may call anything here at any time
 * Wants     nothing
 * Source    none
 */
#include <mutex>

#include "launch.cuh"

namespace leap {
namespace {

/* As the CPU library: more are a mistake there, and both libraries take the same values. */
constexpr int MAX_THREADS = 1024;

#define LEAP_TEXT_(x) #x
#define LEAP_TEXT(x) LEAP_TEXT_(x)

#if defined(LEAP_EMULATED)
constexpr char INFO[] = "emulated CUDA on the CPU, float32 and bfloat16, g++ " __VERSION__;
#else
constexpr char INFO[] = "cuda, float32 and bfloat16, nvcc " LEAP_TEXT(__CUDACC_VER_MAJOR__) "." LEAP_TEXT(
    __CUDACC_VER_MINOR__) ", for sm_80, sm_90a and PTX of compute_80";
#endif

}  // namespace

leap_status require_dtype(const char* operation, const char* argument, leap_dtype dtype) {
    LEAP_REQUIRE(dtype == LEAP_F32 || dtype == LEAP_BF16, LEAP_BAD_DTYPE,
                 "%s: %s=%d is not a dtype (0 is float32, 1 is bfloat16)", operation, argument, int(dtype));
    return LEAP_OK;
}

#if defined(LEAP_EMULATED)

/* Few multiprocessors, so that small grids meet the choices that large ones meet on a GPU; shared memory as Hopper's. */
leap_status device_properties(DeviceProperties& properties) {
    properties = {.multiprocessors = 4, .compute_capability = 90, .max_shared_bytes = 227 << 10};
    return LEAP_OK;
}

#else

leap_status check_cuda(cudaError_t error, const char* call) {
    if (error == cudaSuccess) return LEAP_OK;
    const leap_status status = error == cudaErrorMemoryAllocation ? LEAP_OUT_OF_MEMORY : LEAP_DEVICE_ERROR;
    cudaGetLastError();  // a launch that was refused does not spoil the next call
    return fail(status, "%s: %s (%d): %s", call, cudaGetErrorName(error), int(error), cudaGetErrorString(error));
}

leap_status device_properties(DeviceProperties& properties) {
    constexpr int MAX_DEVICES = 64;
    static DeviceProperties known[MAX_DEVICES];  // multiprocessors == 0: not asked yet
    static std::mutex mutex;

    int device = 0;
    LEAP_TRY(check_cuda(cudaGetDevice(&device), "cudaGetDevice"));
    LEAP_REQUIRE(device < MAX_DEVICES, LEAP_DEVICE_ERROR, "device %d: at most %d are supported", device, MAX_DEVICES);
    const std::lock_guard lock(mutex);
    if (known[device].multiprocessors == 0) {
        const auto attribute = [&](cudaDeviceAttr which, int& value) {
            return check_cuda(cudaDeviceGetAttribute(&value, which, device), "cudaDeviceGetAttribute");
        };
        DeviceProperties asked;
        int major = 0, minor = 0;
        LEAP_TRY(attribute(cudaDevAttrComputeCapabilityMajor, major));
        LEAP_TRY(attribute(cudaDevAttrComputeCapabilityMinor, minor));
        LEAP_TRY(attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin, asked.max_shared_bytes));
        LEAP_TRY(attribute(cudaDevAttrMultiProcessorCount, asked.multiprocessors));
        asked.compute_capability = 10 * major + minor;
        known[device] = asked;
    }
    properties = known[device];
    return LEAP_OK;
}

#endif

}  // namespace leap

LEAP_EXPORT const char* leap_library_info(void) { return leap::INFO; }

#if !defined(LEAP_EMULATED)  // the emulation's is the processor's: native/supported.cpp
LEAP_EXPORT int32_t leap_is_supported(void) {
    using namespace leap;
    constexpr int LEAST_CAPABILITY = 80;
    DeviceProperties device{};
    if (device_properties(device) != LEAP_OK) return 0;
    if (device.compute_capability >= LEAST_CAPABILITY) return 1;
    fail(LEAP_DEVICE_ERROR, "the GPU has compute capability %d.%d, and 8.0 is the least", device.compute_capability / 10,
         device.compute_capability % 10);
    return 0;
}
#endif

LEAP_EXPORT leap_status leap_set_threads(int32_t threads, int32_t* got) {
    LEAP_REQUIRE(threads >= 1 && threads <= leap::MAX_THREADS, LEAP_BAD_ARGUMENT,
                 "set_threads: threads=%d is not in 1 .. %d", threads, leap::MAX_THREADS);
    LEAP_REQUIRE(got, LEAP_BAD_ARGUMENT, "set_threads: got is NULL");
    *got = threads;
    return LEAP_OK;
}
