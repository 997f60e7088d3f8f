package io.maskleap.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Writes the fields of one C parameter struct in the header's order, each at its natural alignment. */
final class StructWriter {
    private final String name;
    private final MemorySegment segment;
    private long position;

    StructWriter(Arena arena, String name, long bytes) {
        this.name = name;
        this.segment = arena.allocate(bytes, Long.BYTES);
    }

    StructWriter begin() {
        position = 0;
        return this;
    }

    StructWriter pointer(MemorySegment value) {
        segment.set(ValueLayout.ADDRESS, position, value);
        position += Long.BYTES;
        return this;
    }

    StructWriter int64(long value) {
        segment.set(ValueLayout.JAVA_LONG, position, value);
        position += Long.BYTES;
        return this;
    }

    StructWriter int32(int value) {
        segment.set(ValueLayout.JAVA_INT, position, value);
        position += Integer.BYTES;
        return this;
    }

    StructWriter float32(float value) {
        segment.set(ValueLayout.JAVA_FLOAT, position, value);
        position += Float.BYTES;
        return this;
    }

    StructWriter dtype(Dtype value) {
        return int32(value.code);
    }

    /** The struct, once every field is written. */
    MemorySegment end() {
        if (position != segment.byteSize()) {
            throw new IllegalStateException(name + ": wrote " + position + " of " + segment.byteSize() + " bytes");
        }
        return segment;
    }
}
