/* devices.cpp: devices, versions and the names of errors.
 *
 * What      two devices like the one that the emulated kernels know: compute capability 9.0, four multiprocessors
 * Layouts   strings are UTF-8, ended by 0
 * A thread  has its own current device
 * Wants     nothing
 * Source    driver_types.h and cuda_runtime_api.h of CUDA 13
 */
#include "state.hpp"

namespace leap::emulation {
namespace {

thread_local int device_of_thread = 0;

struct NamedError {
    int error;
    const char *name, *text;
};

constexpr NamedError ERRORS[] = {
    {SUCCESS, "cudaSuccess", "no error"},
    {INVALID_VALUE, "cudaErrorInvalidValue", "invalid argument"},
    {OUT_OF_MEMORY, "cudaErrorMemoryAllocation", "out of memory"},
    {3, "cudaErrorInitializationError", "initialization error"},
    {35, "cudaErrorInsufficientDriver", "CUDA driver version is insufficient for CUDA runtime version"},
    {100, "cudaErrorNoDevice", "no CUDA-capable device is detected"},
    {INVALID_DEVICE, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {209, "cudaErrorNoKernelImageForDevice", "no kernel image is available for execution on the device"},
    {INVALID_RESOURCE_HANDLE, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {ILLEGAL_STATE, "cudaErrorIllegalState", "the operation cannot be performed in the present state"},
    {NOT_READY, "cudaErrorNotReady", "device not ready"},
    {ILLEGAL_ADDRESS, "cudaErrorIllegalAddress", "an illegal memory access was encountered"},
    {701, "cudaErrorLaunchOutOfResources", "too many resources requested for launch"},
    {LAUNCH_FAILURE, "cudaErrorLaunchFailure", "unspecified launch failure"},
    {801, "cudaErrorNotSupported", "operation not supported"},
    {CAPTURE_UNSUPPORTED, "cudaErrorStreamCaptureUnsupported", "operation not permitted when stream is capturing"},
    {CAPTURE_INVALIDATED, "cudaErrorStreamCaptureInvalidated", "operation failed due to a previous error during capture"},
    {CAPTURE_UNMATCHED, "cudaErrorStreamCaptureUnmatched", "capture was not ended in the same stream as it began"},
    {CAPTURE_UNJOINED, "cudaErrorStreamCaptureUnjoined", "capturing stream has unjoined work"},
    {CAPTURE_ISOLATION, "cudaErrorStreamCaptureIsolation", "dependency created on uncaptured work in another stream"},
    {CAPTURE_IMPLICIT, "cudaErrorStreamCaptureImplicit", "operation would make the legacy stream depend on a capturing blocking stream"},
    {CAPTURED_EVENT, "cudaErrorCapturedEvent", "operation not permitted on an event last recorded in a capturing stream"},
    {CAPTURE_WRONG_THREAD, "cudaErrorStreamCaptureWrongThread",
     "attempt to terminate a thread-local capture sequence from another thread"},
    {UNKNOWN, "cudaErrorUnknown", "unknown error"},
};

const NamedError& named(int error) {
    static constexpr NamedError UNNAMED = {-1, "unrecognized error code", "unrecognized error code"};
    for (const NamedError& candidate : ERRORS)
        if (candidate.error == error) return candidate;
    return UNNAMED;
}

/* cudaDeviceAttr. */
struct Attribute {
    int number, value;
};

constexpr Attribute ATTRIBUTES[] = {
    {1, 1024},        // threads of a block
    {8, 48 << 10},    // bytes of shared memory of a block
    {10, 32},         // lanes of a warp
    {16, 4},          // multiprocessors
    {41, 1},          // unified addressing
    {75, 9},          // compute capability, major
    {76, 0},          // and minor
    {97, 227 << 10},  // bytes of shared memory of a block that asks for it
};

/* Puts an answer where the caller wants it. */
int answer(int* where, int value) {
    if (!where) return INVALID_VALUE;
    *where = value;
    return SUCCESS;
}

}  // namespace

int current_device() { return device_of_thread; }

int device_attribute(int number, int device, int* value) {
    if (device < 0 || device >= DEVICES) return INVALID_DEVICE;
    for (const Attribute& attribute : ATTRIBUTES)
        if (attribute.number == number) return answer(value, attribute.value);
    return INVALID_VALUE;
}

}  // namespace leap::emulation

using namespace leap::emulation;

EMULATED_API int cudaRuntimeGetVersion(int* version) {
    return runtime_call("cudaRuntimeGetVersion", NO_STREAM, [&] { return answer(version, CUDA_VERSION); });
}

EMULATED_API int cudaDriverGetVersion(int* version) {
    return runtime_call("cudaDriverGetVersion", NO_STREAM, [&] { return answer(version, CUDA_VERSION); });
}

EMULATED_API int cudaGetDeviceCount(int* count) {
    return runtime_call("cudaGetDeviceCount", NO_STREAM, [&] { return answer(count, DEVICES); });
}

EMULATED_API int cudaSetDevice(int device) {
    return runtime_call("cudaSetDevice", NO_STREAM, [&]() -> int {
        if (device < 0 || device >= DEVICES) return INVALID_DEVICE;
        device_of_thread = device;
        return sticking_error(device);
    });
}

EMULATED_API int cudaGetDevice(int* device) {
    return runtime_call("cudaGetDevice", NO_STREAM, [&] { return answer(device, device_of_thread); });
}

EMULATED_API int cudaDeviceGetAttribute(int* value, int attribute, int device) {
    return runtime_call("cudaDeviceGetAttribute", NO_STREAM, [&] { return device_attribute(attribute, device, value); });
}

EMULATED_API const char* cudaGetErrorName(int error) { return named(error).name; }
EMULATED_API const char* cudaGetErrorString(int error) { return named(error).text; }
