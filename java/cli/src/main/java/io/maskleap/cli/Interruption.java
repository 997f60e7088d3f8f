package io.maskleap.cli;

import io.maskleap.error.MaskleapException;
import java.util.concurrent.CountDownLatch;

/**
 * Ctrl-C, or another request to end: stops the work at hand, and holds the process until it is closed, so that no
 * half-written file stays.
 */
final class Interruption implements AutoCloseable {
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread hook;
    private volatile boolean asked;

    /** @param stop makes the work at hand end soon; called on another thread */
    Interruption(Runnable stop) {
        hook = Thread.ofPlatform().name("maskleap-interruption").unstarted(() -> {
            asked = true;
            stop.run();
            awaitClosed();
        });
        Runtime.getRuntime().addShutdownHook(hook);
    }

    private void awaitClosed() {
        try {
            closed.await();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /** @throws MaskleapException where the process was asked to end */
    void endIfAsked() {
        if (asked) {
            throw new MaskleapException("interrupted");
        }
    }

    @Override
    public void close() {
        closed.countDown();
        if (!asked) {
            removeHook();
        }
    }

    private void removeHook() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException _) {
            // The process is ending just now, and the hook with it.
        }
    }
}
