/* runtime.hpp: what the emulated runtime offers the emulated libraries that stand on it: calls that are logged and fail when a test
 * wants it, objects with handles, queued work. C++ among libraries of one build.
 *
 * One mutex guards everything. A call holds it from begin to end, and so does a thread that runs queued work.
 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

#include "emulation/stream.hpp"

#define EMULATED_SHARED __attribute__((visibility("default")))
#define EMULATED_API extern "C" EMULATED_SHARED

namespace leap::emulation {

/* ---- calls ------------------------------------------------------------------------------------------------- */

enum class Library { DRIVER, RUNTIME, CUBLAS, CUDNN };

EMULATED_SHARED std::mutex& mutex();

/* Logs a call; `stream` is the one it works on, or NO_STREAM. Returns the status that a test has planned for it, or 0. */
EMULATED_SHARED int begin_call(Library library, const char* function, const void* stream);
inline const void* const NO_STREAM = reinterpret_cast<const void*>(-1);

/* body() as an exported function that returns a status. */
template <class Body>
int call(Library library, const char* function, const void* stream, Body&& body) {
    const std::lock_guard lock(mutex());
    const int planned = begin_call(library, function, stream);
    return planned != 0 ? planned : body();
}

/* ---- objects ------------------------------------------------------------------------------------------------- */

enum class Kind {
    DEVICE_MEMORY,
    PINNED_MEMORY,
    STREAM,
    EVENT,
    GRAPH,
    GRAPH_EXEC,
    CUBLAS_HANDLE,
    MATMUL_DESCRIPTOR,
    MATRIX_LAYOUT,
    MATMUL_PREFERENCE,
    CUDNN_HANDLE,
    TENSOR_DESCRIPTOR,
    FILTER_DESCRIPTOR,
    CONVOLUTION_DESCRIPTOR,
    COUNT
};

/* What a handle points to. Objects are never freed, so that a handle that was destroyed is known for what it is, and no new object
 * comes to lie where it was. */
struct Object {
    Kind kind = Kind::COUNT;
    int device = 0;  // the one that was current
    bool alive = false;
};

EMULATED_SHARED void register_object(const void* handle, Object* object, Kind kind);
EMULATED_SHARED Object* find_object(const void* handle, Kind kind);  // null where there is none alive
EMULATED_SHARED void retire_object(Object* object);

/* A new object; its address is its handle. */
template <class T>
T* create() {
    T* object = new T();
    register_object(object, object, T::KIND);
    return object;
}

/* The living object of this handle, or null. */
template <class T>
T* find(const void* handle) {
    return static_cast<T*>(find_object(handle, T::KIND));
}

/* ---- devices ---------------------------------------------------------------------------------------------------- */

inline constexpr int DEVICES = 2;
inline constexpr int CUDA_VERSION = 13000;

EMULATED_SHARED int current_device();
EMULATED_SHARED int64_t total_memory();

/* An attribute by its number, which the driver and the runtime share. Returns an error's number, which they share too. */
EMULATED_SHARED int device_attribute(int number, int device, int* value);

/* ---- queued work ---------------------------------------------------------------------------------------------- */

/* CUDA's number for a stream of another device than the current one, an error that sticks, a capture that is invalid. Owns `work`. */
EMULATED_SHARED int enqueue(const void* stream, const Work* work);

/* True for a stream of the current device, null among them. */
EMULATED_SHARED bool is_stream(const void* stream);

/* For work that runs: SUCCESS where `bytes` from `pointer` lie within one living allocation, device or pinned. */
EMULATED_SHARED Outcome check_access(const char* what, const void* pointer, int64_t bytes);

}  // namespace leap::emulation
