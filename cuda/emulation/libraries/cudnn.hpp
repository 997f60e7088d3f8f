/* cudnn.hpp: what the parts of cuDNN share: its numbers, its objects, its sentence about the last error. */
#pragma once

#include "emulation/libraries/elements.hpp"
#include "emulation/libraries/runtime.hpp"

namespace leap::emulation::cudnn {

enum : int {
    STATUS_SUCCESS = 0,
    NOT_INITIALIZED = 1001,
    BAD_PARAM = 2000,
    BAD_PARAM_NULL_POINTER = 2002,
    BAD_PARAM_STREAM_MISMATCH = 2007,
    NOT_SUPPORTED = 3000,
    INTERNAL_ERROR = 4000,
    EXECUTION_FAILED = 5000
};

enum : int { DATA_FLOAT = 0, DATA_BFLOAT16 = 9 };
enum : int { DEFAULT_MATH = 0, TENSOR_OP_MATH = 1, TENSOR_OP_MATH_ALLOW_CONVERSION = 2, FMA_MATH = 3 };

struct Handle : Object {
    static constexpr Kind KIND = Kind::CUDNN_HANDLE;
    const void* stream = nullptr;
};

/* (n, c, h, w), wherever they lie. */
struct Tensor : Object {
    static constexpr Kind KIND = Kind::TENSOR_DESCRIPTOR;
    bool is_set = false;
    Dtype dtype;
    int64_t sizes[4], strides[4];

    int64_t bytes() const {
        int64_t last = 0;
        for (int i = 0; i < 4; ++i) last += (sizes[i] - 1) * strides[i];
        return (last + 1) * bytes_of(dtype);
    }
    /* Channels-last without gaps. */
    bool is_nhwc() const {
        return strides[1] == 1 && strides[3] == sizes[1] && strides[2] == sizes[3] * strides[3] && strides[0] == sizes[2] * strides[2];
    }
};

/* (outputs, rows, columns, inputs) without gaps. */
struct Filter : Object {
    static constexpr Kind KIND = Kind::FILTER_DESCRIPTOR;
    bool is_set = false;
    Dtype dtype;
    int64_t outputs, inputs, rows, columns;

    int64_t bytes() const { return outputs * inputs * rows * columns * bytes_of(dtype); }
};

struct Convolution : Object {
    static constexpr Kind KIND = Kind::CONVOLUTION_DESCRIPTOR;
    bool is_set = false;
    int64_t padding[2], stride[2], dilation[2];  // along rows and columns
    int math = DEFAULT_MATH;
};

/* Keeps a sentence for cudnnGetLastErrorString of this thread, and returns the status. */
EMULATED_SHARED int refuse(int status, const char* format, ...) __attribute__((format(printf, 2, 3)));

/* False for a dtype that these convolutions do not have. */
inline bool take_dtype(int number, Dtype& dtype) {
    dtype = number == DATA_FLOAT ? Dtype::F32 : Dtype::BF16;
    return number == DATA_FLOAT || number == DATA_BFLOAT16;
}

/* A function that needs no handle. */
template <class Body>
int descriptor_call(const char* function, Body&& body) {
    return call(Library::CUDNN, function, NO_STREAM, std::forward<Body>(body));
}

/* body(handle), for a function that works on the handle's stream and device. */
template <class Body>
int handle_call(const char* function, void* handle, Body&& body) {
    const std::lock_guard lock(mutex());
    Handle* found = find<Handle>(handle);
    if (const int planned = begin_call(Library::CUDNN, function, found ? found->stream : NO_STREAM)) return planned;
    if (!found) return refuse(BAD_PARAM_NULL_POINTER, "%s: the handle is none", function);
    if (found->device != current_device()) return refuse(BAD_PARAM, "%s: the handle is of another device", function);
    return body(*found);
}

template <class T>
int create_for(const char* function, void** handle) {
    return descriptor_call(function, [&]() -> int {
        if (!handle) return refuse(BAD_PARAM_NULL_POINTER, "%s: the result has no place", function);
        *handle = create<T>();
        return STATUS_SUCCESS;
    });
}

template <class T>
int destroy_for(const char* function, void* handle) {
    return descriptor_call(function, [&]() -> int {
        T* object = find<T>(handle);
        if (!object) return refuse(BAD_PARAM, "%s: there is no such object", function);
        retire_object(object);
        return STATUS_SUCCESS;
    });
}

/* Queues work on the handle's stream. */
inline int queue_work(const char* function, const Handle& handle, const Work* work) {
    const int error = enqueue(handle.stream, work);
    return error == SUCCESS ? int(STATUS_SUCCESS) : refuse(EXECUTION_FAILED, "%s: CUDA error %d", function, error);
}

}  // namespace leap::emulation::cudnn
