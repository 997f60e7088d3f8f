/* driver.cpp: what a program asks the driver before it touches the runtime.
 *
 * What      answers about devices
 * Layouts   strings are UTF-8, ended by 0
 * A thread  takes the mutex
 * Wants     cuInit first, as the driver does
 * Source    CUDA Driver API: Initialization, Version Management, Device Management
 */
#include <algorithm>
#include <cstring>

#include "emulation/libraries/runtime.hpp"

namespace leap::emulation {
namespace {

constexpr int INVALID_VALUE = 1, NOT_INITIALIZED = 3, INVALID_DEVICE = 101;

bool is_initialized = false;

struct NamedError {
    int error;
    const char *name, *text;
};

constexpr NamedError ERRORS[] = {
    {SUCCESS, "CUDA_SUCCESS", "no error"},
    {INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "system has unsupported display driver / cuda driver combination"},
    {999, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

/* A driver function that wants cuInit. */
template <class Body>
int driver_call(const char* function, Body&& body) {
    return call(Library::DRIVER, function, NO_STREAM, [&]() -> int { return is_initialized ? body() : NOT_INITIALIZED; });
}

int check_device(int device) { return device >= 0 && device < DEVICES ? SUCCESS : INVALID_DEVICE; }

int text_of(int error, const char** text, const char* NamedError::*which) {
    if (!text) return INVALID_VALUE;
    *text = nullptr;
    for (const NamedError& candidate : ERRORS)
        if (candidate.error == error) *text = candidate.*which;
    return *text ? SUCCESS : INVALID_VALUE;
}

}  // namespace
}  // namespace leap::emulation

using namespace leap::emulation;

EMULATED_API int cuInit(unsigned flags) {
    return call(Library::DRIVER, "cuInit", NO_STREAM, [&]() -> int {
        if (flags != 0) return INVALID_VALUE;
        is_initialized = true;
        return SUCCESS;
    });
}

EMULATED_API int cuDriverGetVersion(int* version) {  // the only one that does without cuInit
    return call(Library::DRIVER, "cuDriverGetVersion", NO_STREAM, [&]() -> int {
        if (!version) return INVALID_VALUE;
        *version = CUDA_VERSION;
        return SUCCESS;
    });
}

EMULATED_API int cuDeviceGetCount(int* count) {
    return driver_call("cuDeviceGetCount", [&]() -> int {
        if (!count) return INVALID_VALUE;
        *count = DEVICES;
        return SUCCESS;
    });
}

EMULATED_API int cuDeviceGet(int* device, int ordinal) {
    return driver_call("cuDeviceGet", [&]() -> int {
        if (!device) return INVALID_VALUE;
        if (const int error = check_device(ordinal)) return error;
        *device = ordinal;
        return SUCCESS;
    });
}

EMULATED_API int cuDeviceGetName(char* name, int length, int device) {
    constexpr char NAME[] = "Emulated GPU";
    return driver_call("cuDeviceGetName", [&]() -> int {
        if (!name || length < 1) return INVALID_VALUE;
        if (const int error = check_device(device)) return error;
        const int bytes = std::min(length - 1, int(sizeof NAME - 1));
        std::memcpy(name, NAME, bytes);
        name[bytes] = 0;
        return SUCCESS;
    });
}

EMULATED_API int cuDeviceTotalMem_v2(std::size_t* bytes, int device) {
    return driver_call("cuDeviceTotalMem_v2", [&]() -> int {
        if (!bytes) return INVALID_VALUE;
        if (const int error = check_device(device)) return error;
        *bytes = std::size_t(total_memory());
        return SUCCESS;
    });
}

EMULATED_API int cuDeviceGetAttribute(int* value, int attribute, int device) {
    return driver_call("cuDeviceGetAttribute", [&] { return device_attribute(attribute, device, value); });
}

EMULATED_API int cuGetErrorName(int error, const char** name) { return text_of(error, name, &NamedError::name); }
EMULATED_API int cuGetErrorString(int error, const char** text) { return text_of(error, text, &NamedError::text); }
