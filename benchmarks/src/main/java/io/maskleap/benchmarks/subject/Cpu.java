package io.maskleap.benchmarks.subject;

import io.maskleap.device.DeviceStream;
import io.maskleap.device.Workspace;
import io.maskleap.device.cpu.CpuContext;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Kernels;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Function;

/**
 * The CPU as a benchmark uses it. The benchmark's thread takes the place of the stream's and calls at once: a session hands over once a
 * step, which takes microseconds that a kernel's time must not hold. The context's own thread, which converts weights, uses one thread: with
 * a second team OpenMP would see more threads than cores, and let them sleep where they wait for each other.
 */
final class Cpu implements AutoCloseable {
    private final CpuContext context;
    private final DeviceStream stream;
    private final Arena arena = Arena.ofShared();

    /** To be used by the calling thread. */
    Cpu(Library library, int threads) {
        context = library.context(1);
        stream = context.newStream();
        stream.kernels().setThreads(threads);
        Facts.put("library", context.description().replaceFirst("1 thread$", threads + (threads == 1 ? " thread" : " threads")));
    }

    CpuContext context() {
        return context;
    }

    DeviceStream stream() {
        return stream;
    }

    Kernels kernels() {
        return stream.kernels();
    }

    Arena arena() {
        return arena;
    }

    MemorySegment bytes(long bytes) {
        return context.allocate(arena, bytes);
    }

    MemorySegment ints(int... values) {
        var memory = bytes(Math.max(1, values.length) * (long) Integer.BYTES);
        MemorySegment.copy(values, 0, memory, ValueLayout.JAVA_INT, 0, values.length);
        return memory;
    }

    Tensor tensor(Dtype dtype, long rows, long columns) {
        return Tensor.of(bytes(rows * columns * dtype.bytes()), dtype, rows, columns);
    }

    /** Memory for what {@code layout} takes of a workspace. */
    <T> T take(Function<Workspace, T> layout) {
        var measuring = Workspace.measuring();
        layout.apply(measuring);
        return layout.apply(Workspace.in(bytes(measuring.used())));
    }

    @Override
    public void close() {
        stream.close();
        context.close();
        arena.close();
    }
}
