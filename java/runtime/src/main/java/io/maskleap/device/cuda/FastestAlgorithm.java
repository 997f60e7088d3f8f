package io.maskleap.device.cuda;

import static org.bytedeco.cuda.global.cudart.cudaEventDefault;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUstream_st;

/** The choice among algorithms that compute the same, by trying them. */
final class FastestAlgorithm {
    private static final int RUNS = 3;

    /** Work of fewer operations takes a GPU about a microsecond: measuring it costs more than it gains. */
    private static final double MEASURED_OPERATIONS = 5e8;

    private FastestAlgorithm() {
    }

    /**
     * The fastest candidate where the work is worth measuring, otherwise the first that runs.
     *
     * @param candidates at least one, the likeliest first
     * @param operations floating-point operations of one run
     * @param run        queues one run on {@code stream}; throws where the library has no such algorithm after all
     * @throws CudaException where none runs
     */
    static <T> T of(List<T> candidates, double operations, CUstream_st stream, Consumer<T> run) {
        return operations < MEASURED_OPERATIONS ? firstThatRuns(candidates, run) : measured(candidates, stream, run);
    }

    private static <T> T firstThatRuns(List<T> candidates, Consumer<T> run) {
        CudaException failure = null;
        for (var candidate : candidates) {
            try {
                run.accept(candidate);
                return candidate;
            } catch (CudaException e) {
                failure = e;
            }
        }
        throw failure;
    }

    /** Some runs are captured into one graph, so that the GPU's time is measured and not the host's. Waits for what is queued. */
    private static <T> T measured(List<T> candidates, CUstream_st stream, Consumer<T> run) {
        var running = new ArrayList<T>();
        CudaException failure = null;
        for (var candidate : candidates) {
            try {
                run.accept(candidate); // loads its kernels, too
                running.add(candidate);
            } catch (CudaException e) {
                failure = e;
            }
        }
        if (running.isEmpty()) {
            throw failure;
        }
        return running.size() == 1 ? running.getFirst() : fastest(running, stream, run);
    }

    private static <T> T fastest(List<T> candidates, CUstream_st stream, Consumer<T> run) {
        var start = CudaRuntime.createEvent(cudaEventDefault);
        try {
            var end = CudaRuntime.createEvent(cudaEventDefault);
            try {
                T fastest = null;
                float least = Float.POSITIVE_INFINITY;
                for (var candidate : candidates) {
                    float ms = milliseconds(() -> run.accept(candidate), stream, start, end);
                    if (ms < least) {
                        least = ms;
                        fastest = candidate;
                    }
                }
                return fastest == null ? candidates.getFirst() : fastest;
            } finally {
                CudaRuntime.destroy(end);
            }
        } finally {
            CudaRuntime.destroy(start);
        }
    }

    private static float milliseconds(Runnable run, CUstream_st stream, CUevent_st start, CUevent_st end) {
        var graph = CudaRuntime.capture(stream, () -> {
            for (int i = 0; i < RUNS; i++) {
                run.run();
            }
        });
        try {
            CudaRuntime.launch(graph, stream); // uploads it
            CudaRuntime.record(start, stream);
            CudaRuntime.launch(graph, stream);
            CudaRuntime.record(end, stream);
            CudaRuntime.synchronize(end);
            return CudaRuntime.elapsedMs(start, end);
        } finally {
            CudaRuntime.destroy(graph);
        }
    }
}
