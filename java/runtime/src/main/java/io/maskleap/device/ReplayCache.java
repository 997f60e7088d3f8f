package io.maskleap.device;

import java.util.LinkedHashMap;
import java.util.Optional;

/**
 * Recordings of a stream's work by key, as many as are worth their memory: of more, the one that was not used for longest is dropped.
 *
 * @param <R> a recording
 */
public final class ReplayCache<R> implements AutoCloseable {
    /** A generation of 32 steps has about 30 shapes. */
    public static final int MOST = 256;

    /** How a device records. */
    public interface Recordings<R> {

        /** What {@code work} asks for; nothing of it is done. */
        R record(Runnable work);

        /** Does what was recorded. */
        void repeat(R recording);

        /** Frees a recording of which nothing is under way. */
        void free(R recording);

        /** Frees a recording of which something may be under way. */
        default void drop(R recording) {
            free(recording);
        }
    }

    private final Recordings<R> device;

    /** Empty where the work has come once. */
    private final LinkedHashMap<Object, Optional<R>> recordings = new LinkedHashMap<>(16, 0.75f, true);

    private boolean busy;

    public ReplayCache(Recordings<R> device) {
        this.device = device;
    }

    /**
     * Does {@code work}. The first time it is done as it is, so that libraries load what they need and choose their algorithms, which a recording
     * may not let them, and as most shapes of a short-lived program come once; the second time it is recorded, and from then on the recording is repeated,
     * which takes nothing of Java's heap here.
     *
     * @throws IllegalStateException within {@code work}
     */
    public void run(Object key, Runnable work) {
        if (busy) {
            throw new IllegalStateException("a replay within replayed work");
        }
        busy = true;
        try {
            var known = recordings.get(key);
            if (known == null) {
                work.run();
                put(key, Optional.empty());
            } else if (known.isEmpty()) {
                var recording = device.record(work);
                put(key, Optional.of(recording));
                device.repeat(recording);
            } else {
                device.repeat(known.get());
            }
        } finally {
            busy = false;
        }
    }

    private void put(Object key, Optional<R> recording) {
        recordings.put(key, recording);
        if (recordings.size() > MOST) {
            recordings.pollFirstEntry().getValue().ifPresent(device::drop);
        }
    }

    /** Frees all recordings; nothing of them is under way. */
    @Override
    public void close() {
        recordings.values().forEach(recording -> recording.ifPresent(device::free));
        recordings.clear();
    }
}
