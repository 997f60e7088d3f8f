package io.maskleap.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Native calls with all their arguments, to be made in their order as often as they are wanted. */
public final class Recording implements AutoCloseable {
    private final Arena parameters = Arena.ofShared();
    private final List<NativeCall> calls = new ArrayList<>();

    void add(NativeCall call) {
        calls.add(call);
    }

    /** A copy of a parameter struct, for a call that is added. */
    MemorySegment copy(MemorySegment struct) {
        return parameters.allocate(struct.byteSize(), Long.BYTES).copyFrom(struct);
    }

    /** Makes the calls. It takes nothing of Java's heap; what a call throws ends it. */
    public void repeat() {
        try {
            for (int i = 0; i < calls.size(); i++) {
                calls.get(i).make();
            }
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    /** Frees it; it is not repeated any more. */
    @Override
    public void close() {
        parameters.close();
    }
}
