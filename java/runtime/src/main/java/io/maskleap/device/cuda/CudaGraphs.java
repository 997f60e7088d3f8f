package io.maskleap.device.cuda;

import io.maskleap.device.ReplayCache;
import org.bytedeco.cuda.cudart.CUgraphExec_st;
import org.bytedeco.cuda.cudart.CUstream_st;

/** Captures a stream's work as CUDA graphs, and launches them. */
final class CudaGraphs implements ReplayCache.Recordings<CUgraphExec_st> {
    private final CUstream_st stream;

    CudaGraphs(CUstream_st stream) {
        this.stream = stream;
    }

    @Override
    public CUgraphExec_st record(Runnable work) {
        return CudaRuntime.capture(stream, work);
    }

    @Override
    public void repeat(CUgraphExec_st graph) {
        CudaRuntime.launch(graph, stream);
    }

    @Override
    public void free(CUgraphExec_st graph) {
        CudaRuntime.destroy(graph);
    }

    @Override
    public void drop(CUgraphExec_st graph) {
        CudaRuntime.synchronize(stream);
        free(graph);
    }
}
