package io.maskleap.benchmarks.subject;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/**
 * A copy of memory by C's memcpy, a part on each thread: what it moves in a second bounds what a computation can move that touches as many
 * bytes. Small copies stay in the caches, as small operands do.
 */
public final class CopySubject implements Subject {
    private static final MethodHandle MEMCPY = Linker.nativeLinker().downcallHandle(
            Linker.nativeLinker().defaultLookup().find("memcpy").orElseThrow(),
            FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));
    private static final long ALIGNMENT = 64;
    private static final int SPINS = 10_000;

    private final Arena arena = Arena.ofShared();
    private final List<Thread> helpers = new ArrayList<>();
    private final List<MemorySegment> from = new ArrayList<>();
    private final List<MemorySegment> to = new ArrayList<>();
    private final AtomicInteger round = new AtomicInteger();
    private final AtomicInteger done = new AtomicInteger();
    private volatile boolean closed;

    /** @param bytes read and written together, as {@link Work} counts them */
    public CopySubject(long bytes, int threads) {
        long part = bytes / 2 / threads / ALIGNMENT * ALIGNMENT;
        for (int t = 0; t < threads; t++) {
            from.add(arena.allocate(part, ALIGNMENT).fill((byte) (t + 1)));
            to.add(arena.allocate(part, ALIGNMENT));
        }
        for (int t = 1; t < threads; t++) {
            int itsPart = t;
            helpers.add(Thread.ofPlatform().daemon().start(() -> help(itsPart)));
        }
    }

    private void help(int part) {
        for (int copied = 0; !closed;) {
            int next = copied;
            await(() -> closed || round.get() != next);
            if (round.get() != copied) {
                copied++;
                copy(part);
                done.incrementAndGet();
            }
        }
    }

    /** Spins: to wake a thread would cost as much as a small copy. Where another program wants the core, it gets it after a while. */
    private static void await(BooleanSupplier condition) {
        for (int spins = 0; !condition.getAsBoolean(); spins++) {
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
    }

    private void copy(int part) {
        var target = to.get(part);
        try {
            var _ = (MemorySegment) MEMCPY.invokeExact(target, from.get(part), target.byteSize());
        } catch (Throwable t) {
            throw new IllegalStateException(t);
        }
    }

    @Override
    public void run() {
        done.set(0);
        round.incrementAndGet();
        copy(0);
        await(() -> done.get() == helpers.size());
    }

    @Override
    public double verify() {
        run();
        for (int t = 0; t < to.size(); t++) {
            if (to.get(t).mismatch(from.get(t)) != -1) {
                throw new IllegalStateException("copy is wrong in part " + t);
            }
        }
        return 0;
    }

    @Override
    public void close() {
        closed = true;
        for (var helper : helpers) {
            try {
                helper.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        arena.close();
    }
}
