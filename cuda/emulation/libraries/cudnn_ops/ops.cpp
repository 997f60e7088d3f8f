/* ops.cpp: libcudnn_ops: descriptors of tensors and filters.
 *
 * What      no computation
 * Layouts   tensors: any strides; filters: NHWC
 * A thread  of the host may call anything here at any time
 * Wants     nothing
 * Source    cuDNN 9 documentation: cudnn_ops library
 */
#include "emulation/libraries/cudnn.hpp"

using namespace leap::emulation;
using namespace leap::emulation::cudnn;

EMULATED_API int cudnnCreateTensorDescriptor(void** tensor) { return create_for<Tensor>("cudnnCreateTensorDescriptor", tensor); }
EMULATED_API int cudnnDestroyTensorDescriptor(void* tensor) { return destroy_for<Tensor>("cudnnDestroyTensorDescriptor", tensor); }
EMULATED_API int cudnnCreateFilterDescriptor(void** filter) { return create_for<Filter>("cudnnCreateFilterDescriptor", filter); }
EMULATED_API int cudnnDestroyFilterDescriptor(void* filter) { return destroy_for<Filter>("cudnnDestroyFilterDescriptor", filter); }

EMULATED_API int cudnnSetTensor4dDescriptorEx(void* tensor, int dtype, int n, int c, int h, int w, int n_stride, int c_stride,
                                              int h_stride, int w_stride) {
    return descriptor_call("cudnnSetTensor4dDescriptorEx", [&]() -> int {
        Tensor* found = find<Tensor>(tensor);
        if (!found) return refuse(BAD_PARAM_NULL_POINTER, "cudnnSetTensor4dDescriptorEx: there is no such descriptor");
        for (int value : {n, c, h, w, n_stride, c_stride, h_stride, w_stride})
            if (value < 1) return refuse(BAD_PARAM, "cudnnSetTensor4dDescriptorEx: %d is not a size or a stride", value);
        if (!take_dtype(dtype, found->dtype))
            return refuse(NOT_SUPPORTED, "cudnnSetTensor4dDescriptorEx: dtype %d is not supported", dtype);
        const int64_t sizes[] = {n, c, h, w}, strides[] = {n_stride, c_stride, h_stride, w_stride};
        std::copy_n(sizes, 4, found->sizes);
        std::copy_n(strides, 4, found->strides);
        found->is_set = true;
        return STATUS_SUCCESS;
    });
}

EMULATED_API int cudnnSetFilter4dDescriptor(void* filter, int dtype, int format, int outputs, int inputs, int rows, int columns) {
    constexpr int NHWC = 1;
    return descriptor_call("cudnnSetFilter4dDescriptor", [&]() -> int {
        Filter* found = find<Filter>(filter);
        if (!found) return refuse(BAD_PARAM_NULL_POINTER, "cudnnSetFilter4dDescriptor: there is no such descriptor");
        for (int value : {outputs, inputs, rows, columns})
            if (value < 1) return refuse(BAD_PARAM, "cudnnSetFilter4dDescriptor: %d is not a size", value);
        if (format != NHWC) return refuse(NOT_SUPPORTED, "cudnnSetFilter4dDescriptor: format %d is not NHWC", format);
        if (!take_dtype(dtype, found->dtype))
            return refuse(NOT_SUPPORTED, "cudnnSetFilter4dDescriptor: dtype %d is not supported", dtype);
        found->outputs = outputs, found->inputs = inputs, found->rows = rows, found->columns = columns;
        found->is_set = true;
        return STATUS_SUCCESS;
    });
}
