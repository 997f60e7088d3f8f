/* state.hpp: what the parts of the emulated runtime know of each other. All of it wants the mutex held. */
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "emulation/libraries/runtime.hpp"

namespace leap::emulation {

/* Of driver_types.h, beside those of stream.hpp. */
enum : int {
    INVALID_VALUE = 1,
    INVALID_DEVICE = 101,
    INVALID_RESOURCE_HANDLE = 400,
    ILLEGAL_STATE = 401,
    NOT_READY = 600,
    ILLEGAL_ADDRESS = 700,
    CAPTURE_UNSUPPORTED = 900,
    CAPTURE_INVALIDATED = 901,
    CAPTURE_UNMATCHED = 903,
    CAPTURE_UNJOINED = 904,
    CAPTURE_ISOLATION = 905,
    CAPTURE_IMPLICIT = 906,
    CAPTURED_EVENT = 907,
    CAPTURE_WRONG_THREAD = 908,
    UNKNOWN = 999
};

using SharedWork = std::shared_ptr<const Work>;

/* ---- control.cpp ----------------------------------------------------------------------------------------------- */

/* Keeps a failure for cudaGetLastError of this thread, and returns it. */
int remember(int error);

/* A runtime function. */
template <class Body>
int runtime_call(const char* function, const void* stream, Body&& body) {
    return remember(call(Library::RUNTIME, function, stream, std::forward<Body>(body)));
}

/* The first fault of a device stays its error: all that touches it fails from then on. */
int sticking_error(int device);
void stick(int device, const Outcome& outcome);
void forget_sticking_errors();

/* A runtime function that does nothing on a device with an error that sticks. */
template <class Body>
int device_call(const char* function, const void* stream, Body&& body) {
    return runtime_call(function, stream, [&] {
        const int sticking = sticking_error(current_device());
        return sticking != 0 ? sticking : body();
    });
}

/* One that gives something back: it does so even then. */
template <class Body>
int release_call(const char* function, const void* stream, Body&& body) {
    return runtime_call(function, stream, [&] {
        const int error = body();
        return error != 0 ? error : sticking_error(current_device());
    });
}

/* ---- memory.cpp -------------------------------------------------------------------------------------------------- */

void set_total_memory(int64_t bytes);

/* While one of these lives, the host may touch device memory. */
class Access {
public:
    Access();
    ~Access();
    Access(const Access&) = delete;
    Access& operator=(const Access&) = delete;
};

/* ---- streams.cpp -------------------------------------------------------------------------------------------------- */

struct Capture;

/* A stream: what is queued runs when somebody waits for it. */
struct Queue : Stream, Object {
    static constexpr Kind KIND = Kind::STREAM;
    unsigned flags = 0;
    std::deque<SharedWork> pending;
    uint64_t queued = 0, done = 0;  // pieces of work since the beginning
    std::shared_ptr<Capture> capture;
    int participant = 0;            // its place in the capture
};

/* Null stands for the current device's legacy stream. Null where there is no such stream. */
Queue* queue_of(const void* stream);

int enqueue(Queue& queue, SharedWork work);

/* Runs what is queued, up to the piece with this number. Returns the device's error. */
int run_until(Queue& queue, uint64_t number);

/* The same for a host that waits: a stream that is being captured cannot be waited for. */
int wait_for(Queue& queue, uint64_t number);
int wait_for_device(int device);

/* ---- capture.cpp ---------------------------------------------------------------------------------------------------- */

/* Work is on the way into a graph. Each stream that takes part has a clock: how many nodes of each participant come before its
 * next one. */
struct Capture {
    int mode;
    std::thread::id thread;
    bool invalid = false;
    std::vector<SharedWork> nodes;
    std::vector<Queue*> participants;  // the first began it
    std::vector<std::vector<int>> clocks;
};

/* Adds a node of `queue`, which takes part. */
int capture_node(Queue& queue, SharedWork work);

/* Lets `queue` come after what `clock` says, and take part where it does not yet. */
int capture_wait(Queue& queue, const std::shared_ptr<Capture>& capture, const std::vector<int>& clock);

void invalidate(Capture& capture);

/* What cannot be done during a capture by this thread, or by any in the global mode: 0 or CAPTURE_UNSUPPORTED, which invalidates. */
int refuse_during_capture();

/* Use of the legacy stream, with which streams that are not non-blocking wait for each other. */
int refuse_implicit_capture(int device);

/* Ends the capture that `queue` takes part in, and drops its nodes. */
void abandon_capture(Queue& queue);

}  // namespace leap::emulation
