package io.maskleap.kernel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The buffers of one test. Each lies between guards, and outputs are poisoned, all with one pattern that is a NaN as
 * float32. Closing fails the test where a guard or an input has changed, so every test checks that a kernel keeps to
 * its outputs.
 */
final class Memory implements AutoCloseable {
    private static final int POISON = 0x7fc0dead;
    private static final long GUARD_BYTES = 64; // keeps the alignment of the device's own buffers

    private final Arena arena = Arena.ofConfined();
    private final List<Buffer> buffers = new ArrayList<>();

    /** An input: must not change. */
    Buffer input(float... values) {
        return buffer(MemorySegment.ofArray(values), false);
    }

    Buffer input(double... values) {
        return buffer(MemorySegment.ofArray(values), false);
    }

    Buffer input(int... values) {
        return buffer(MemorySegment.ofArray(values), false);
    }

    Buffer input(long... values) {
        return buffer(MemorySegment.ofArray(values), false);
    }

    Buffer input(StepBlock step) {
        var block = arena.allocate(StepBlock.BYTES, Float.BYTES);
        step.writeTo(block);
        return buffer(block, false);
    }

    /** An operand that a kernel changes in place. */
    Buffer inPlace(float... values) {
        return buffer(MemorySegment.ofArray(values), true);
    }

    Buffer inPlace(int... values) {
        return buffer(MemorySegment.ofArray(values), true);
    }

    /** A poisoned output. */
    Buffer output(Dtype dtype, long elements) {
        return output(elements * dtype.bytes());
    }

    /** A poisoned output of float32. */
    Buffer outputFloats(long elements) {
        return output(elements * Float.BYTES);
    }

    Buffer outputInts(long elements) {
        return output(elements * Integer.BYTES);
    }

    Buffer outputBytes(long elements) {
        return output(elements);
    }

    private Buffer output(long bytes) {
        return buffer(poisoned(bytes), true);
    }

    private Buffer buffer(MemorySegment values, boolean mayChange) {
        var whole = poisoned(GUARD_BYTES + values.byteSize() + GUARD_BYTES);
        var content = whole.asSlice(GUARD_BYTES, values.byteSize());
        content.copyFrom(values);
        var buffer = new Buffer(content, whole, whole.toArray(JAVA_BYTE), mayChange);
        buffers.add(buffer);
        return buffer;
    }

    private MemorySegment poisoned(long bytes) {
        var words = Math.ceilDiv(bytes, Integer.BYTES);
        var segment = arena.allocate(words * Integer.BYTES, GUARD_BYTES);
        for (long i = 0; i < words; i++) {
            segment.setAtIndex(JAVA_INT, i, POISON);
        }
        return segment.asSlice(0, bytes);
    }

    /** Whether nobody has written the element of an output. */
    static boolean isPoison(float value) {
        return isPoison(Float.floatToRawIntBits(value));
    }

    static boolean isPoison(int value) {
        return value == POISON;
    }

    /** For calls that were refused: no buffer has changed, outputs included. */
    void assertNothingWritten() {
        for (int i = 0; i < buffers.size(); i++) {
            buffers.get(i).assertUnchanged("after a refusal, buffer " + i, 0, buffers.get(i).whole.byteSize());
        }
    }

    @Override
    public void close() {
        try (arena) {
            for (int i = 0; i < buffers.size(); i++) {
                buffers.get(i).check("buffer " + i);
            }
        }
    }

    /** Typed access to a guarded buffer. */
    static final class Buffer {
        private final MemorySegment content;
        private final MemorySegment whole;
        private final byte[] initial;
        private final boolean mayChange;

        private Buffer(MemorySegment content, MemorySegment whole, byte[] initial, boolean mayChange) {
            this.content = content;
            this.whole = whole;
            this.initial = initial;
            this.mayChange = mayChange;
        }

        MemorySegment segment() {
            return content;
        }

        /** As a float32 matrix. */
        Tensor matrix(long rows, long columns) {
            return matrix(Dtype.F32, rows, columns);
        }

        Tensor matrix(Dtype dtype, long rows, long columns) {
            return Tensor.of(content, dtype, rows, columns);
        }

        float[] floats() {
            return content.toArray(JAVA_FLOAT);
        }

        int[] ints() {
            return content.toArray(JAVA_INT);
        }

        byte[] bytes() {
            return content.toArray(JAVA_BYTE);
        }

        private void check(String name) {
            long end = GUARD_BYTES + content.byteSize();
            assertUnchanged("guard before " + name, 0, GUARD_BYTES);
            if (!mayChange) {
                assertUnchanged("input, " + name, GUARD_BYTES, end);
            }
            assertUnchanged("guard after " + name, end, whole.byteSize());
        }

        private void assertUnchanged(String what, long from, long to) {
            long at = MemorySegment.mismatch(whole, from, to, MemorySegment.ofArray(initial), from, to);
            assertEquals(-1, at, () -> what + " of " + content.byteSize() + " bytes was written at byte " + (from + at - GUARD_BYTES));
        }
    }
}
