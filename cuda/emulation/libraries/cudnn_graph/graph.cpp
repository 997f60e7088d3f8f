/* graph.cpp: libcudnn_graph, the part of cuDNN on which the others stand: handles, versions, errors.
 *
 * What      no computation
 * Layouts   strings are UTF-8, ended by 0
 * A thread  has its own sentence about the last error
 * Wants     nothing
 * Source    cuDNN 9 documentation: cudnn_graph library
 */
#include <cstdarg>
#include <cstdio>

#include "emulation/libraries/cudnn.hpp"

namespace leap::emulation::cudnn {
namespace {

thread_local char last_error[256] = "";

const char* name_of(int status) {
    switch (status) {
        case STATUS_SUCCESS: return "CUDNN_STATUS_SUCCESS";
        case NOT_INITIALIZED: return "CUDNN_STATUS_NOT_INITIALIZED";
        case BAD_PARAM: return "CUDNN_STATUS_BAD_PARAM";
        case BAD_PARAM_NULL_POINTER: return "CUDNN_STATUS_BAD_PARAM_NULL_POINTER";
        case BAD_PARAM_STREAM_MISMATCH: return "CUDNN_STATUS_BAD_PARAM_STREAM_MISMATCH";
        case NOT_SUPPORTED: return "CUDNN_STATUS_NOT_SUPPORTED";
        case INTERNAL_ERROR: return "CUDNN_STATUS_INTERNAL_ERROR";
        case EXECUTION_FAILED: return "CUDNN_STATUS_EXECUTION_FAILED";
        default: return "CUDNN_UNKNOWN_STATUS";
    }
}

}  // namespace

int refuse(int status, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(last_error, sizeof last_error, format, arguments);
    va_end(arguments);
    return status;
}

}  // namespace leap::emulation::cudnn

using namespace leap::emulation;
using namespace leap::emulation::cudnn;

EMULATED_API std::size_t cudnnGetVersion(void) { return 91900; }
EMULATED_API std::size_t cudnnGetCudartVersion(void) { return CUDA_VERSION; }
EMULATED_API const char* cudnnGetErrorString(int status) { return name_of(status); }

EMULATED_API void cudnnGetLastErrorString(char* message, std::size_t bytes) {
    if (message && bytes > 0) std::snprintf(message, bytes, "%s", last_error);
    last_error[0] = 0;
}

EMULATED_API int cudnnCreate(void** handle) { return create_for<Handle>("cudnnCreate", handle); }
EMULATED_API int cudnnDestroy(void* handle) { return destroy_for<Handle>("cudnnDestroy", handle); }

EMULATED_API int cudnnSetStream(void* handle, void* stream) {
    return handle_call("cudnnSetStream", handle, [&](Handle& found) -> int {
        if (!is_stream(stream)) return refuse(BAD_PARAM_STREAM_MISMATCH, "cudnnSetStream: not a stream of the handle's device");
        found.stream = stream;
        return STATUS_SUCCESS;
    });
}
