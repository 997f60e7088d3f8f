/* streams.cpp: streams and events.
 *
 * What      work that is queued runs when somebody waits for it, on the thread that waits, in order: a host that does not wait sees
 *           nothing. A stream that waits for an event has the work before the event done first
 * Layouts   a piece of work of a stream is named by its number since the stream's beginning; an event is such a number
 * A thread  takes the mutex
 * Wants     nothing
 * Source    CUDA Runtime API: Stream Management, Event Management, Stream synchronization behavior
 */
#include "state.hpp"

namespace leap::emulation {
namespace {

constexpr unsigned NON_BLOCKING = 1;

std::vector<Queue*>& streams() {  // alive; the devices' legacy streams first
    static std::vector<Queue*>& only = *new std::vector<Queue*>;
    return only;
}

int enqueue_launch(Stream* stream, const Work* work) {
    const SharedWork owned(work);
    return runtime_call("cudaLaunchKernel", stream, [&]() -> int {
        return is_stream(stream) ? enqueue(*queue_of(stream), owned) : int(INVALID_RESOURCE_HANDLE);
    });
}

Queue* new_queue(unsigned flags, int device) {
    auto* queue = new Queue;
    queue->Stream::enqueue = enqueue_launch;
    queue->flags = flags;
    queue->device = device;
    streams().push_back(queue);
    return queue;
}

Queue& legacy_stream(int device) {
    static Queue* const* const queues = [] {
        auto* all = new Queue*[DEVICES];
        for (int i = 0; i < DEVICES; ++i) all[i] = new_queue(0, i);
        return all;
    }();
    return *queues[device];
}

bool is_legacy(const Queue& queue) { return &queue == &legacy_stream(queue.device); }

/* Has the work of `queue` up to `number` done first. */
class WaitFor : public Work {
public:
    WaitFor(Queue& queue, uint64_t number) : queue_(queue), number_(number) {}
    Outcome run() const override { return {run_until(queue_, number_), "a stream that is waited for has failed"}; }

private:
    Queue& queue_;
    uint64_t number_;
};

void push(Queue& queue, SharedWork work) {
    queue.pending.push_back(std::move(work));
    ++queue.queued;
}

void push_wait(Queue& queue, Queue& other) {
    if (other.done < other.queued) push(queue, std::make_shared<WaitFor>(other, other.queued));
}

/* The legacy stream and those that are not non-blocking wait for each other. */
void wait_implicitly(Queue& queue) {
    if (queue.flags & NON_BLOCKING) return;
    if (!is_legacy(queue)) return push_wait(queue, legacy_stream(queue.device));
    for (Queue* other : streams())
        if (other != &queue && other->device == queue.device && !(other->flags & NON_BLOCKING)) push_wait(queue, *other);
}

/* ---- events ----------------------------------------------------------------------------------------------------- */

struct Event : Object {
    static constexpr Kind KIND = Kind::EVENT;
    bool has_time = false;
    Queue* queue = nullptr;  // null: not recorded
    uint64_t number = 0;
    int64_t records = 0;
    std::chrono::steady_clock::time_point time;
    std::shared_ptr<Capture> capture;  // recorded into it
    std::vector<int> clock;

    bool is_complete() const { return !queue || queue->done >= number; }
};

class Mark : public Work {
public:
    Mark(Event& event, int64_t record) : event_(event), record_(record) {}

    Outcome run() const override {
        if (event_.records == record_) event_.time = std::chrono::steady_clock::now();
        return {};
    }

private:
    Event& event_;
    int64_t record_;
};

int record(Event& event, Queue& queue) {
    if (event.device != queue.device) return INVALID_RESOURCE_HANDLE;
    if (queue.capture) {
        if (queue.capture->invalid) return CAPTURE_INVALIDATED;
        event.capture = queue.capture;
        event.clock = queue.capture->clocks[queue.participant];
        return SUCCESS;
    }
    if (const int error = enqueue(queue, std::make_shared<Mark>(event, event.records + 1))) return error;
    event.capture = nullptr;
    ++event.records;
    event.queue = &queue;
    event.number = queue.queued;
    return SUCCESS;
}

int wait_for_event(Queue& queue, Event& event) {
    if (event.capture) return capture_wait(queue, event.capture, event.clock);
    if (queue.capture) {
        invalidate(*queue.capture);
        return CAPTURE_ISOLATION;
    }
    return event.is_complete() ? int(SUCCESS) : enqueue(queue, std::make_shared<WaitFor>(*event.queue, event.number));
}

/* A host that waits for an event or asks about it. */
int refuse_captured(Event& event) {
    if (event.capture) {
        invalidate(*event.capture);
        return CAPTURED_EVENT;
    }
    return refuse_during_capture();
}

/* The device's context is lost, and what was queued with it. */
void lose_work(int device) {
    for (Queue* queue : streams()) {
        if (queue->device != device) continue;
        queue->pending.clear();
        queue->done = queue->queued;
    }
}

int destroy_stream(void* handle) {
    Queue* queue = find<Queue>(handle);
    if (!queue) return INVALID_RESOURCE_HANDLE;
    if (queue->capture) abandon_capture(*queue);
    run_until(*queue, queue->queued);
    std::erase(streams(), queue);
    retire_object(queue);
    return SUCCESS;
}

}  // namespace

Queue* queue_of(const void* stream) {
    const void* const legacy = reinterpret_cast<const void*>(1);  // cudaStreamLegacy
    return !stream || stream == legacy ? &legacy_stream(current_device()) : find<Queue>(stream);
}

int enqueue(Queue& queue, SharedWork work) {
    if (const int sticking = sticking_error(queue.device)) return sticking;
    if (queue.capture) return capture_node(queue, std::move(work));
    if (is_legacy(queue))
        if (const int error = refuse_implicit_capture(queue.device)) return error;
    wait_implicitly(queue);
    push(queue, std::move(work));
    return SUCCESS;
}

int enqueue(const void* stream, const Work* work) {
    const SharedWork owned(work);
    return is_stream(stream) ? enqueue(*queue_of(stream), owned) : int(INVALID_RESOURCE_HANDLE);
}

bool is_stream(const void* stream) {
    const Queue* queue = queue_of(stream);
    return queue && queue->device == current_device();
}

int run_until(Queue& queue, uint64_t number) {
    if (queue.done >= number) return sticking_error(queue.device);
    const Access access;
    while (queue.done < number && sticking_error(queue.device) == SUCCESS) {
        const SharedWork work = std::move(queue.pending.front());
        queue.pending.pop_front();
        const Outcome outcome = work->run();
        ++queue.done;
        if (outcome.error != SUCCESS) stick(queue.device, outcome);
    }
    const int sticking = sticking_error(queue.device);
    if (sticking != SUCCESS) lose_work(queue.device);
    return sticking;
}

int wait_for(Queue& queue, uint64_t number) {
    if (queue.capture) {
        invalidate(*queue.capture);
        return CAPTURE_UNSUPPORTED;
    }
    if (is_legacy(queue))
        if (const int error = refuse_implicit_capture(queue.device)) return error;
    return run_until(queue, number);
}

int wait_for_device(int device) {
    for (Queue* queue : streams())
        if (queue->device == device) run_until(*queue, queue->queued);
    return sticking_error(device);
}

}  // namespace leap::emulation

using namespace leap::emulation;

EMULATED_API int cudaStreamCreateWithFlags(void** stream, unsigned flags) {
    return device_call("cudaStreamCreateWithFlags", NO_STREAM, [&]() -> int {
        if (!stream || flags > NON_BLOCKING) return INVALID_VALUE;
        Queue* queue = new_queue(flags, current_device());
        *stream = static_cast<Stream*>(queue);
        register_object(*stream, queue, Queue::KIND);
        return SUCCESS;
    });
}

EMULATED_API int cudaStreamDestroy(void* stream) {
    return release_call("cudaStreamDestroy", stream, [&] { return destroy_stream(stream); });
}

EMULATED_API int cudaStreamSynchronize(void* stream) {
    return device_call("cudaStreamSynchronize", stream, [&]() -> int {
        Queue* queue = queue_of(stream);
        if (!queue) return INVALID_RESOURCE_HANDLE;
        if (!queue->capture)
            if (const int refused = refuse_during_capture()) return refused;
        return wait_for(*queue, queue->queued);
    });
}

EMULATED_API int cudaStreamWaitEvent(void* stream, void* event, unsigned flags) {
    return device_call("cudaStreamWaitEvent", stream, [&]() -> int {
        Queue* queue = queue_of(stream);
        Event* found = find<Event>(event);
        if (!queue || !found) return INVALID_RESOURCE_HANDLE;
        return flags != 0 ? int(INVALID_VALUE) : wait_for_event(*queue, *found);
    });
}

EMULATED_API int cudaEventCreateWithFlags(void** event, unsigned flags) {
    constexpr unsigned BLOCKING_SYNC = 1, DISABLE_TIMING = 2;
    return device_call("cudaEventCreateWithFlags", NO_STREAM, [&]() -> int {
        if (!event || (flags & ~(BLOCKING_SYNC | DISABLE_TIMING)) != 0) return INVALID_VALUE;
        Event* created = create<Event>();
        created->has_time = !(flags & DISABLE_TIMING);
        *event = created;
        return SUCCESS;
    });
}

EMULATED_API int cudaEventDestroy(void* event) {
    return release_call("cudaEventDestroy", NO_STREAM, [&]() -> int {
        Event* found = find<Event>(event);
        if (!found) return INVALID_RESOURCE_HANDLE;
        found->capture = nullptr;
        retire_object(found);
        return SUCCESS;
    });
}

EMULATED_API int cudaEventRecord(void* event, void* stream) {
    return device_call("cudaEventRecord", stream, [&]() -> int {
        Queue* queue = queue_of(stream);
        Event* found = find<Event>(event);
        return queue && found ? record(*found, *queue) : int(INVALID_RESOURCE_HANDLE);
    });
}

EMULATED_API int cudaEventSynchronize(void* event) {
    return device_call("cudaEventSynchronize", NO_STREAM, [&]() -> int {
        Event* found = find<Event>(event);
        if (!found) return INVALID_RESOURCE_HANDLE;
        if (const int refused = refuse_captured(*found)) return refused;
        return found->queue ? run_until(*found->queue, found->number) : int(SUCCESS);
    });
}

EMULATED_API int cudaEventQuery(void* event) {
    return device_call("cudaEventQuery", NO_STREAM, [&]() -> int {
        Event* found = find<Event>(event);
        if (!found) return INVALID_RESOURCE_HANDLE;
        if (const int refused = refuse_captured(*found)) return refused;
        if (found->is_complete()) return SUCCESS;
        // A device is never idle for long: who asks again and again sees the event some day.
        const int error = run_until(*found->queue, found->queue->done + 1);
        return error != SUCCESS ? error : int(NOT_READY);
    });
}

EMULATED_API int cudaEventElapsedTime(float* ms, void* start, void* end) {
    return device_call("cudaEventElapsedTime", NO_STREAM, [&]() -> int {
        const Event *from = find<Event>(start), *to = find<Event>(end);
        if (!from || !to) return INVALID_RESOURCE_HANDLE;
        if (!ms) return INVALID_VALUE;
        if (!from->has_time || !to->has_time || !from->queue || !to->queue) return INVALID_RESOURCE_HANDLE;
        if (!from->is_complete() || !to->is_complete()) return NOT_READY;
        *ms = std::chrono::duration<float, std::milli>(to->time - from->time).count();
        return SUCCESS;
    });
}
