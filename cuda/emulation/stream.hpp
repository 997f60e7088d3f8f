/* stream.hpp: how an emulated launch reaches a stream of the emulated runtime. The kernels' library and the runtime's share this
 * header and nothing else: a stream brings its own function along, so neither is linked with the other.
 */
#pragma once

namespace leap::emulation {

/* CUDA's numbers (driver_types.h) for what a launch meets. */
inline constexpr int SUCCESS = 0;
inline constexpr int OUT_OF_MEMORY = 2;
inline constexpr int LAUNCH_FAILURE = 719;

/* How a piece of work has ended. */
struct Outcome {
    int error = SUCCESS;        // CUDA's number
    const char* sentence = "";  // valid in the calling thread until its next piece of work
};

/* A piece of work with copies of its arguments: a launch, a copy, a product. A captured piece runs once per replay. */
class Work {
public:
    virtual ~Work() = default;
    virtual Outcome run() const = 0;
};

/* What a leap_stream points to. */
struct Stream {
    /* Queues `work` behind what is there, or adds it to the graph that is being captured, and owns it, also where it refuses
     * it. Returns CUDA's error number. */
    int (*enqueue)(Stream* stream, const Work* work);
};

}  // namespace leap::emulation
