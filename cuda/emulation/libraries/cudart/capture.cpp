/* capture.cpp: capture of streams into graphs, and their replay.
 *
 * What      work that goes into a stream under capture becomes a node. A replay runs the nodes in the order in which they were
 *           captured, with the pointers that they were captured with
 * Layouts   a graph is a list of nodes: that order is one of those that their dependencies allow
 * A thread  takes the mutex
 * Wants     nothing
 * Source    CUDA Programming Guide: Creating a Graph Using Stream Capture; Runtime API: Stream Management, Graph Management
 */
#include <algorithm>

#include "state.hpp"

namespace leap::emulation {
namespace {

enum : int { GLOBAL = 0, THREAD_LOCAL = 1, RELAXED = 2 };

using Nodes = std::vector<SharedWork>;

struct Graph : Object {
    static constexpr Kind KIND = Kind::GRAPH;
    std::shared_ptr<const Nodes> nodes;
};

struct GraphExec : Object {
    static constexpr Kind KIND = Kind::GRAPH_EXEC;
    std::shared_ptr<const Nodes> nodes;
};

class Replay : public Work {
public:
    explicit Replay(std::shared_ptr<const Nodes> nodes) : nodes_(std::move(nodes)) {}

    Outcome run() const override {
        Outcome outcome;
        for (auto node = nodes_->begin(); node != nodes_->end() && outcome.error == SUCCESS; ++node) outcome = (*node)->run();
        return outcome;
    }

private:
    std::shared_ptr<const Nodes> nodes_;
};

std::vector<Capture*>& captures() {  // under way
    static std::vector<Capture*>& only = *new std::vector<Capture*>;
    return only;
}

void begin(Queue& queue, int mode) {
    queue.capture = std::make_shared<Capture>();
    queue.capture->mode = mode;
    queue.capture->thread = std::this_thread::get_id();
    queue.capture->participants = {&queue};
    queue.capture->clocks = {{0}};
    queue.participant = 0;
    captures().push_back(queue.capture.get());
}

/* True where the first participant's next node would come after all that the others have. */
bool is_joined(const Capture& capture) {
    for (std::size_t i = 0; i < capture.participants.size(); ++i)
        if (i >= capture.clocks[0].size() || capture.clocks[0][i] < capture.clocks[i][i]) return false;
    return true;
}

int end(Queue& queue, void** graph) {
    const std::shared_ptr<Capture> capture = queue.capture;
    if (capture->participants[0] != &queue) {
        invalidate(*capture);
        return CAPTURE_UNMATCHED;
    }
    if (capture->mode != RELAXED && capture->thread != std::this_thread::get_id()) {
        invalidate(*capture);
        return CAPTURE_WRONG_THREAD;
    }
    Nodes nodes = std::move(capture->nodes);
    abandon_capture(queue);
    if (const int sticking = sticking_error(queue.device)) return sticking;
    if (capture->invalid) return CAPTURE_INVALIDATED;
    if (!is_joined(*capture)) return CAPTURE_UNJOINED;
    Graph* created = create<Graph>();
    created->nodes = std::make_shared<Nodes>(std::move(nodes));
    *graph = created;
    return SUCCESS;
}

/* cudaGraphDestroy and cudaGraphExecDestroy. What runs, or is still to run, keeps its nodes. */
template <class T>
int destroy(void* handle) {
    T* object = find<T>(handle);
    if (!object) return INVALID_VALUE;
    object->nodes = nullptr;
    retire_object(object);
    return SUCCESS;
}

}  // namespace

void invalidate(Capture& capture) { capture.invalid = true; }

void abandon_capture(Queue& queue) {
    const std::shared_ptr<Capture> capture = queue.capture;
    for (Queue* participant : capture->participants) participant->capture = nullptr;
    std::erase(captures(), capture.get());
    capture->nodes.clear();
}

int capture_node(Queue& queue, SharedWork work) {
    Capture& capture = *queue.capture;
    if (capture.invalid) return CAPTURE_INVALIDATED;
    capture.nodes.push_back(std::move(work));
    ++capture.clocks[queue.participant][queue.participant];
    return SUCCESS;
}

int capture_wait(Queue& queue, const std::shared_ptr<Capture>& capture, const std::vector<int>& clock) {
    if (queue.capture && queue.capture != capture) {
        invalidate(*queue.capture);
        invalidate(*capture);
        return CAPTURE_ISOLATION;
    }
    if (std::find(captures().begin(), captures().end(), capture.get()) == captures().end()) return CAPTURED_EVENT;
    if (capture->invalid) return CAPTURE_INVALIDATED;
    if (!queue.capture) {
        queue.capture = capture;
        queue.participant = int(capture->participants.size());
        capture->participants.push_back(&queue);
        capture->clocks.emplace_back();
    }
    std::vector<int>& own = capture->clocks[queue.participant];
    own.resize(std::max({own.size(), clock.size(), std::size_t(queue.participant + 1)}));
    for (std::size_t i = 0; i < clock.size(); ++i) own[i] = std::max(own[i], clock[i]);
    return SUCCESS;
}

int refuse_during_capture() {
    int refused = SUCCESS;
    for (Capture* capture : captures())
        if (capture->mode == GLOBAL || (capture->mode == THREAD_LOCAL && capture->thread == std::this_thread::get_id())) {
            invalidate(*capture);
            refused = CAPTURE_UNSUPPORTED;
        }
    return refused;
}

int refuse_implicit_capture(int device) {
    int refused = SUCCESS;
    for (Capture* capture : captures())
        for (const Queue* queue : capture->participants)
            if (queue->device == device && queue->flags == 0) {
                invalidate(*capture);
                refused = CAPTURE_IMPLICIT;
            }
    return refused;
}

}  // namespace leap::emulation

using namespace leap::emulation;

EMULATED_API int cudaStreamBeginCapture(void* stream, int mode) {
    return device_call("cudaStreamBeginCapture", stream, [&]() -> int {
        Queue* queue = find<Queue>(stream);
        if (!queue) return stream ? INVALID_RESOURCE_HANDLE : CAPTURE_UNSUPPORTED;  // null: the legacy stream
        if (mode < GLOBAL || mode > RELAXED) return INVALID_VALUE;
        if (queue->capture) return ILLEGAL_STATE;
        begin(*queue, mode);
        return SUCCESS;
    });
}

EMULATED_API int cudaStreamEndCapture(void* stream, void** graph) {
    return release_call("cudaStreamEndCapture", stream, [&]() -> int {
        if (!graph) return INVALID_VALUE;
        *graph = nullptr;
        Queue* queue = find<Queue>(stream);
        if (!queue) return INVALID_RESOURCE_HANDLE;
        return queue->capture ? end(*queue, graph) : int(ILLEGAL_STATE);
    });
}

EMULATED_API int cudaGraphInstantiate(void** exec, void* graph, unsigned long long flags) {
    return device_call("cudaGraphInstantiate", NO_STREAM, [&]() -> int {
        Graph* found = find<Graph>(graph);
        if (!exec || !found || flags != 0) return INVALID_VALUE;
        GraphExec* created = create<GraphExec>();
        created->nodes = found->nodes;
        *exec = created;
        return SUCCESS;
    });
}

EMULATED_API int cudaGraphLaunch(void* exec, void* stream) {
    return device_call("cudaGraphLaunch", stream, [&]() -> int {
        GraphExec* found = find<GraphExec>(exec);
        Queue* queue = queue_of(stream);
        if (!found) return INVALID_VALUE;
        if (!queue) return INVALID_RESOURCE_HANDLE;
        return enqueue(*queue, std::make_shared<Replay>(found->nodes));
    });
}

EMULATED_API int cudaGraphDestroy(void* graph) {
    return release_call("cudaGraphDestroy", NO_STREAM, [&] { return destroy<Graph>(graph); });
}

EMULATED_API int cudaGraphExecDestroy(void* exec) {
    return release_call("cudaGraphExecDestroy", NO_STREAM, [&] { return destroy<GraphExec>(exec); });
}
