/* ops.cpp: libcudnn_ops: descriptors of tensors and filters, and what goes over tensors once.
 *
 * What      cudnnTransformTensor: y[n][c][h][w] = alpha x[n][c][h][w] + beta y[n][c][h][w]
 * Layouts   x, y: any strides, one dtype
 * A thread  that waits computes
 * Wants     x and y of the same sizes, and apart from each other
 * Source    cuDNN 9 documentation: cudnn_ops library
 */
#include <memory>

#include "emulation/libraries/cudnn.hpp"

namespace leap::emulation::cudnn {
namespace {

class Transform : public Work {
public:
    Tensor x, y;
    float alpha, beta;
    const void* from;
    void* to;

    Outcome run() const override {
        for (const Outcome& outcome : {check_access("cudnnTransformTensor: x", from, x.bytes()),
                                       check_access("cudnnTransformTensor: y", to, y.bytes())})
            if (outcome.error != SUCCESS) return outcome;
        for (int64_t n = 0; n < x.sizes[0]; ++n)
            for (int64_t c = 0; c < x.sizes[1]; ++c)
                for (int64_t h = 0; h < x.sizes[2]; ++h)
                    for (int64_t w = 0; w < x.sizes[3]; ++w) {
                        const int64_t target = offset(y, n, c, h, w);
                        float value = alpha * load(x.dtype, from, offset(x, n, c, h, w));
                        if (beta != 0) value += beta * load(y.dtype, to, target);
                        store(y.dtype, to, target, value);
                    }
        return {};
    }

private:
    static int64_t offset(const Tensor& t, int64_t n, int64_t c, int64_t h, int64_t w) {
        return n * t.strides[0] + c * t.strides[1] + h * t.strides[2] + w * t.strides[3];
    }
};

}  // namespace
}  // namespace leap::emulation::cudnn

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

EMULATED_API int cudnnTransformTensor(void* handle, const void* alpha, void* x_descriptor, const void* x, const void* beta,
                                      void* y_descriptor, void* y) {
    return handle_call("cudnnTransformTensor", handle, [&](const Handle& found) -> int {
        const Tensor *from = find<Tensor>(x_descriptor), *to = find<Tensor>(y_descriptor);
        if (!from || !to || !alpha || !beta || !x || !y)
            return refuse(BAD_PARAM_NULL_POINTER, "cudnnTransformTensor: an argument is null, or not a descriptor");
        if (!from->is_set || !to->is_set || !std::equal(from->sizes, from->sizes + 4, to->sizes))
            return refuse(BAD_PARAM, "cudnnTransformTensor: x and y differ in size");
        if (from->dtype != to->dtype) return refuse(NOT_SUPPORTED, "cudnnTransformTensor: x and y differ in dtype");
        auto work = std::make_unique<Transform>();
        work->x = *from, work->y = *to, work->from = x, work->to = y;
        std::memcpy(&work->alpha, alpha, sizeof(float));
        std::memcpy(&work->beta, beta, sizeof(float));
        return queue_work("cudnnTransformTensor", found, work.release());
    });
}
