package io.maskleap.device.cuda;

import static org.bytedeco.cuda.global.cudart.cudaErrorMemoryAllocation;
import static org.bytedeco.cuda.global.cudart.cudaEventCreateWithFlags;
import static org.bytedeco.cuda.global.cudart.cudaEventDestroy;
import static org.bytedeco.cuda.global.cudart.cudaEventElapsedTime;
import static org.bytedeco.cuda.global.cudart.cudaEventRecord;
import static org.bytedeco.cuda.global.cudart.cudaEventSynchronize;
import static org.bytedeco.cuda.global.cudart.cudaFree;
import static org.bytedeco.cuda.global.cudart.cudaFreeHost;
import static org.bytedeco.cuda.global.cudart.cudaGetErrorName;
import static org.bytedeco.cuda.global.cudart.cudaGetErrorString;
import static org.bytedeco.cuda.global.cudart.cudaGetLastError;
import static org.bytedeco.cuda.global.cudart.cudaGraphDestroy;
import static org.bytedeco.cuda.global.cudart.cudaGraphExecDestroy;
import static org.bytedeco.cuda.global.cudart.cudaGraphInstantiate;
import static org.bytedeco.cuda.global.cudart.cudaGraphLaunch;
import static org.bytedeco.cuda.global.cudart.cudaMalloc;
import static org.bytedeco.cuda.global.cudart.cudaMallocHost;
import static org.bytedeco.cuda.global.cudart.cudaMemGetInfo;
import static org.bytedeco.cuda.global.cudart.cudaMemcpyAsync;
import static org.bytedeco.cuda.global.cudart.cudaMemcpyDefault;
import static org.bytedeco.cuda.global.cudart.cudaMemsetAsync;
import static org.bytedeco.cuda.global.cudart.cudaSetDevice;
import static org.bytedeco.cuda.global.cudart.cudaStreamBeginCapture;
import static org.bytedeco.cuda.global.cudart.cudaStreamCaptureModeThreadLocal;
import static org.bytedeco.cuda.global.cudart.cudaStreamCreateWithFlags;
import static org.bytedeco.cuda.global.cudart.cudaStreamDestroy;
import static org.bytedeco.cuda.global.cudart.cudaStreamEndCapture;
import static org.bytedeco.cuda.global.cudart.cudaStreamNonBlocking;
import static org.bytedeco.cuda.global.cudart.cudaStreamSynchronize;

import java.lang.foreign.MemorySegment;
import java.util.Locale;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUgraphExec_st;
import org.bytedeco.cuda.cudart.CUgraph_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.SizeTPointer;

/**
 * The calls of the CUDA runtime that the device makes, each with its status turned into a {@link CudaException}. What frees says nothing
 * of a failure: after one that cannot be mended every call fails, and the first has been told.
 *
 * <p>Nothing here is touched before {@link CudaInstallation#load}. Calls go to the thread's current device.
 */
final class CudaRuntime {
    private static final int SUCCESS = 0;
    private static final double MIB = 1 << 20;

    /**
     * Held while a stream is captured, and by whatever waits for a whole GPU or may do so, such as allocating and destroying: from another thread that
     * would break the capture.
     */
    private static final ReentrantLock DEVICE_WIDE = new ReentrantLock();

    private CudaRuntime() {
    }

    private static void check(int status, String call) {
        if (status != SUCCESS) {
            cudaGetLastError(); // what can be mended must not fail a kernel's launch that looks for it
            throw failure(status, call);
        }
    }

    private static CudaException failure(int status, String call) {
        return new CudaException(status, call + ": " + cudaGetErrorName(status).getString() + " (" + status + "): " + cudaGetErrorString(status).getString());
    }

    /** Runs {@code work} while no other thread captures. */
    static <T> T deviceWide(Supplier<T> work) {
        DEVICE_WIDE.lock();
        try {
            return work.get();
        } finally {
            DEVICE_WIDE.unlock();
        }
    }

    static void setDevice(int index) {
        check(cudaSetDevice(index), "cudaSetDevice(" + index + ")");
    }

    // ---- memory ----

    /** @throws CudaException where there is not so much; the sentence says how much is free */
    static MemorySegment malloc(long bytes) {
        var pointer = new Pointer();
        int status = deviceWide(() -> cudaMalloc(pointer, bytes));
        if (status == cudaErrorMemoryAllocation) {
            cudaGetLastError();
            throw outOfMemory("cudaMalloc", bytes);
        }
        check(status, "cudaMalloc of " + bytes + " bytes");
        return segment(pointer, bytes);
    }

    static CudaException outOfMemory(String call, long bytes) {
        try (var free = new SizeTPointer(1); var total = new SizeTPointer(1)) {
            var known = cudaMemGetInfo(free, total) == SUCCESS
                    ? String.format(Locale.ROOT, "%.0f MiB of the GPU's %.0f MiB are free", free.get() / MIB, total.get() / MIB)
                    : "how much is free is not known";
            return new CudaException(cudaErrorMemoryAllocation, String.format(Locale.ROOT,
                    "%s: cudaErrorMemoryAllocation (%d): %.1f MiB were asked for, %s; ask for fewer images at once, or close other sessions and programs",
                    call, cudaErrorMemoryAllocation, bytes / MIB, known));
        }
    }

    /** Frees what {@link #malloc} gave, once all work that was queued is done. */
    static void free(MemorySegment memory) {
        deviceWide(() -> cudaFree(new Address(memory)));
    }

    /** Host memory that the GPU copies from without the driver's own staging. */
    static MemorySegment mallocHost(long bytes) {
        var pointer = new Pointer();
        check(deviceWide(() -> cudaMallocHost(pointer, bytes)), "cudaMallocHost of " + bytes + " bytes");
        return segment(pointer, bytes);
    }

    static void freeHost(MemorySegment memory) {
        deviceWide(() -> cudaFreeHost(new Address(memory)));
    }

    private static MemorySegment segment(Pointer pointer, long bytes) {
        return MemorySegment.ofAddress(pointer.address()).reinterpret(bytes);
    }

    /** to = from, of the same size; either may be host memory of {@link #mallocHost}. */
    static void copy(MemorySegment from, MemorySegment to, CUstream_st stream) {
        if (from.byteSize() != to.byteSize()) {
            throw new IllegalArgumentException("copy of " + from.byteSize() + " bytes to " + to.byteSize());
        }
        check(cudaMemcpyAsync(new Address(to), new Address(from), from.byteSize(), cudaMemcpyDefault, stream),
                "cudaMemcpyAsync of " + from.byteSize() + " bytes");
    }

    static void zero(MemorySegment memory, CUstream_st stream) {
        check(cudaMemsetAsync(new Address(memory), 0, memory.byteSize(), stream), "cudaMemsetAsync of " + memory.byteSize() + " bytes");
    }

    // ---- streams and events ----

    static CUstream_st createStream() {
        var stream = new CUstream_st();
        check(cudaStreamCreateWithFlags(stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
        return stream;
    }

    static void synchronize(CUstream_st stream) {
        check(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
    }

    static void destroy(CUstream_st stream) {
        cudaStreamDestroy(stream);
    }

    /** @param flags {@code cudaEventDefault} to measure time with, or {@code cudaEventDisableTiming} */
    static CUevent_st createEvent(int flags) {
        var event = new CUevent_st();
        check(cudaEventCreateWithFlags(event, flags), "cudaEventCreateWithFlags");
        return event;
    }

    static void record(CUevent_st event, CUstream_st stream) {
        check(cudaEventRecord(event, stream), "cudaEventRecord");
    }

    static void synchronize(CUevent_st event) {
        check(cudaEventSynchronize(event), "cudaEventSynchronize");
    }

    /** Milliseconds from one event to the other; both have happened. */
    static float elapsedMs(CUevent_st from, CUevent_st to) {
        var ms = new float[1];
        check(cudaEventElapsedTime(ms, from, to), "cudaEventElapsedTime");
        return ms[0];
    }

    static void destroy(CUevent_st event) {
        cudaEventDestroy(event);
    }

    // ---- graphs ----

    /** A graph of what {@code work} queues on {@code stream}, ready to launch; nothing of it runs. */
    static CUgraphExec_st capture(CUstream_st stream, Runnable work) {
        return deviceWide(() -> {
            var graph = captureGraph(stream, work);
            try {
                var executable = new CUgraphExec_st();
                check(cudaGraphInstantiate(executable, graph, 0), "cudaGraphInstantiate");
                return executable;
            } finally {
                destroy(graph);
            }
        });
    }

    private static CUgraph_st captureGraph(CUstream_st stream, Runnable work) {
        check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
        var graph = new CUgraph_st();
        try {
            work.run();
        } catch (RuntimeException | Error e) {
            cudaStreamEndCapture(stream, graph); // it fails too, or gives a graph that is not whole
            cudaGetLastError();
            destroy(graph);
            throw e;
        }
        check(cudaStreamEndCapture(stream, graph), "cudaStreamEndCapture");
        return graph;
    }

    private static void destroy(CUgraph_st graph) {
        if (!graph.isNull()) {
            cudaGraphDestroy(graph);
        }
    }

    static void launch(CUgraphExec_st graph, CUstream_st stream) {
        check(cudaGraphLaunch(graph, stream), "cudaGraphLaunch");
    }

    static void destroy(CUgraphExec_st graph) {
        cudaGraphExecDestroy(graph);
    }
}
