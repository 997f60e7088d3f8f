package io.maskleap.kernel;

import java.lang.foreign.MemorySegment;

/** Makes native calls or, while it records, keeps them for later. It belongs to one thread at a time. */
public final class Recorder {
    private Recording recording; // null: calls are made

    /** Makes {@code call}, or keeps it. */
    public void call(NativeCall call) {
        if (recording != null) {
            recording.add(call);
            return;
        }
        try {
            call.make();
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    /** A parameter struct that holds what {@code struct} holds now, for as long as the coming call may be made. */
    MemorySegment kept(MemorySegment struct) {
        return recording == null ? struct : recording.copy(struct);
    }

    /**
     * The calls that {@code work} asks for, none of which is made. What {@code work} throws is thrown here, and nothing is kept then.
     *
     * @throws IllegalStateException while it records already
     */
    public Recording record(Runnable work) {
        if (recording != null) {
            throw new IllegalStateException("a recording within recorded work");
        }
        recording = new Recording();
        try {
            work.run();
            return recording;
        } catch (RuntimeException | Error e) {
            recording.close();
            throw e;
        } finally {
            recording = null;
        }
    }

    /** Whether calls are kept now. */
    public boolean isRecording() {
        return recording != null;
    }
}
