/* launch.cuh: from an exported function to its kernel: one way to launch. Host code. */
#pragma once

#include <tuple>
#include <type_traits>

#include "device.cuh"
#include "device_properties.hpp"
#include "status.hpp"
#if defined(LEAP_EMULATED)
#include "emulation/stream.hpp"
#endif

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
class KernelWork : public emulation::Work {
public:
    KernelWork(const LaunchShape& shape, Parameters... arguments) : shape_(shape), arguments_(arguments...) {}

    emulation::Outcome run() const override {
        const auto body = [](const void* arguments) {
            std::apply(kernel, *static_cast<const std::tuple<Parameters...>*>(arguments));
        };
        const char* fault = simt::run_grid(shape_.grid, shape_.block, shape_.dynamic_shared_bytes, body, &arguments_);
        return {fault[0] == 0 ? emulation::SUCCESS : emulation::LAUNCH_FAILURE, fault};
    }

private:
    LaunchShape shape_;
    std::tuple<Parameters...> arguments_;
};

template <auto kernel, class... Parameters>
leap_status launch(void (*)(Parameters...), const LaunchShape& shape, std::type_identity_t<Parameters>... arguments) {
    using Launch = KernelWork<kernel, Parameters...>;
    if (auto* stream = static_cast<emulation::Stream*>(shape.stream)) {
        const int error = stream->enqueue(stream, new Launch(shape, arguments...));
        LEAP_REQUIRE(error == emulation::SUCCESS, error == emulation::OUT_OF_MEMORY ? LEAP_OUT_OF_MEMORY : LEAP_DEVICE_ERROR,
                     "cudaLaunchKernel: error %d", error);
    } else {
        const emulation::Outcome outcome = Launch(shape, arguments...).run();
        LEAP_REQUIRE(outcome.error == emulation::SUCCESS, LEAP_DEVICE_ERROR, "emulated launch: %s", outcome.sentence);
    }
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

/* Launches kernel(arguments...), a __global__ function; asynchronous on the shape's stream (emulated: done on return
 * where it is null). */
template <auto kernel, class... Arguments>
leap_status launch(const LaunchShape& shape, const Arguments&... arguments) {
    return detail::launch<kernel>(kernel, shape, arguments...);
}

}  // namespace leap
