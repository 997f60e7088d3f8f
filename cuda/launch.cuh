/* launch.cuh: from an exported function to its kernel: one way to launch. Host code. */
#pragma once

#include <tuple>
#include <type_traits>

#include "device.cuh"
#include "device_properties.hpp"
#include "status.hpp"

namespace leap {

/* Blocks that a grid takes in x. */
inline constexpr int64_t MAX_GRID_X = 0x7FFFFFFF;

/* How a kernel is launched. */
struct LaunchShape {
    leap_stream stream;
    dim3 grid, block;
    std::size_t dynamic_shared_bytes = 0;
};

#if defined(LEAP_EMULATED)

namespace detail {

template <auto kernel, class... Parameters>
leap_status launch(void (*)(Parameters...), const LaunchShape& shape, std::type_identity_t<Parameters>... arguments) {
    const std::tuple<Parameters...> packed(arguments...);
    const auto body = [](const void* packed) {
        std::apply(kernel, *static_cast<const std::tuple<Parameters...>*>(packed));
    };
    const char* fault = simt::run_grid(shape.grid, shape.block, shape.dynamic_shared_bytes, body, &packed);
    LEAP_REQUIRE(fault[0] == 0, LEAP_DEVICE_ERROR, "emulated launch: %s", fault);
    return LEAP_OK;
}

}  // namespace detail

#else

/* LEAP_OK, or LEAP_DEVICE_ERROR with the name, number and text of `error`. */
leap_status check_cuda(cudaError_t error, const char* call);

namespace detail {

template <auto kernel, class... Parameters>
leap_status launch(void (*)(Parameters...), const LaunchShape& shape, std::type_identity_t<Parameters>... arguments) {
    constexpr std::size_t ALWAYS_ALLOWED = 48 << 10;
    const void* entry = reinterpret_cast<const void*>(kernel);
    if (shape.dynamic_shared_bytes > ALWAYS_ALLOWED)
        LEAP_TRY(check_cuda(cudaFuncSetAttribute(entry, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                                 int(shape.dynamic_shared_bytes)),
                            "cudaFuncSetAttribute"));
    void* pointers[] = {&arguments...};
    return check_cuda(cudaLaunchKernel(entry, shape.grid, shape.block, pointers, shape.dynamic_shared_bytes,
                                       static_cast<cudaStream_t>(shape.stream)),
                      "cudaLaunchKernel");
}

}  // namespace detail

#endif

/* Launches kernel(arguments...), a __global__ function; asynchronous on the shape's stream (emulated: done on return). */
template <auto kernel, class... Arguments>
leap_status launch(const LaunchShape& shape, const Arguments&... arguments) {
    return detail::launch<kernel>(kernel, shape, arguments...);
}

}  // namespace leap
