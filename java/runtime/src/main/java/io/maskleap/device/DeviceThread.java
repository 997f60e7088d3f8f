package io.maskleap.device;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/**
 * The one platform thread on which the CPU's native work runs. OpenMP makes a team of threads for each thread that calls
 * it, so callers, virtual threads among them, hand over and wait: there is one team however many callers there are.
 */
final class DeviceThread {
    private static final ExecutorService EXECUTOR = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("maskleap-cpu").factory());

    private DeviceThread() {
    }

    static <T> T call(Supplier<T> work) {
        try {
            return CompletableFuture.supplyAsync(work, EXECUTOR).join();
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
}
