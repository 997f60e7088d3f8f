package io.maskleap.device.cuda;

import java.util.LinkedHashMap;
import java.util.Optional;
import org.bytedeco.cuda.cudart.CUgraphExec_st;
import org.bytedeco.cuda.cudart.CUstream_st;

/** Graphs of a stream's work by key, as many as are worth their memory: of more, the one that was not used for longest is dropped. */
final class GraphCache implements AutoCloseable {
    /** A generation of 32 steps has about 30 shapes. */
    private static final int MOST = 256;

    private final CUstream_st stream;

    /** Empty where the work has come once. */
    private final LinkedHashMap<Object, Optional<CUgraphExec_st>> graphs = new LinkedHashMap<>(16, 0.75f, true);

    GraphCache(CUstream_st stream) {
        this.stream = stream;
    }

    /**
     * Does {@code work} on the stream. The first time it is done as it is, so that libraries load what they need and choose their algorithms, which a
     * capture does not let them, and as most shapes of a short-lived program come once; the second time it is captured, and from then on its graph is launched.
     */
    void run(Object key, Runnable work) {
        var known = graphs.get(key);
        if (known == null) {
            work.run();
            put(key, Optional.empty());
        } else if (known.isEmpty()) {
            var graph = CudaRuntime.capture(stream, work);
            put(key, Optional.of(graph));
            CudaRuntime.launch(graph, stream);
        } else {
            CudaRuntime.launch(known.get(), stream);
        }
    }

    private void put(Object key, Optional<CUgraphExec_st> graph) {
        graphs.put(key, graph);
        if (graphs.size() > MOST) {
            graphs.pollFirstEntry().getValue().ifPresent(eldest -> {
                CudaRuntime.synchronize(stream); // it may be running
                CudaRuntime.destroy(eldest);
            });
        }
    }

    @Override
    public void close() {
        graphs.values().forEach(graph -> graph.ifPresent(CudaRuntime::destroy));
        graphs.clear();
    }
}
