package io.maskleap.device;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A platform thread on which native work runs: callers, virtual threads among them, hand over and wait. OpenMP makes a team of threads
 * for each thread that calls it, and CUDA remembers a device for each.
 */
public final class DeviceThread implements AutoCloseable {
    private final ThreadPoolExecutor executor;
    private final Thread[] thread = new Thread[1];

    /** Starts with the first work; a daemon. */
    public DeviceThread(String name) {
        executor = new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), work -> {
            thread[0] = Thread.ofPlatform().daemon().name(name).unstarted(work);
            return thread[0];
        });
    }

    /**
     * Runs {@code work} here and waits for it; what it throws is thrown there. From this thread itself it runs at once.
     *
     * @throws IllegalStateException where the thread has been closed
     */
    public <T> T call(Supplier<T> work) {
        if (Thread.currentThread() == thread[0]) {
            return work.get();
        }
        try {
            return CompletableFuture.supplyAsync(work, executor).join();
        } catch (RejectedExecutionException closed) {
            throw new IllegalStateException("the device is closed");
        } catch (CompletionException e) {
            switch (e.getCause()) {
                case RuntimeException cause -> {
                    cause.addSuppressed(new Exception("handed over here"));
                    throw cause;
                }
                case Error cause -> throw cause;
                case null, default -> throw e;
            }
        }
    }

    /** Whether work waits for the thread. */
    public boolean isWanted() {
        return !executor.getQueue().isEmpty();
    }

    /** Ends the thread once what was handed over is done. */
    @Override
    public void close() {
        executor.shutdown();
    }
}
