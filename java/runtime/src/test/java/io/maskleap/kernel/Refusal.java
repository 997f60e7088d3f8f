package io.maskleap.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.function.Executable;

/** Asserts that a kernel refuses bad arguments: with which status, in one sentence that names them, and before it writes. */
final class Refusal {
    static final int BAD_ARGUMENT = 1;
    static final int BAD_SHAPE = 2;

    private Refusal() {}

    /**
     * @param memory all buffers of the call
     * @param parts  what the sentence must contain: the operation, the argument, the numbers
     */
    static void assertRefused(int status, Memory memory, Executable call, String... parts) {
        TestLibrary.kernels(); // aborts here, where no exception is expected, if this machine cannot run the library
        var refusal = assertThrows(KernelException.class, call);
        var sentence = refusal.getMessage();
        assertEquals(status, refusal.status(), () -> "status of: " + sentence);
        assertEquals(1, sentence.lines().count(), () -> "lines of: " + sentence);
        for (var part : parts) {
            assertTrue(sentence.contains(part), () -> "wanted \"" + part + "\" in: " + sentence);
        }
        memory.assertNothingWritten();
    }

    /** A null pointer that passes for {@code bytes} of memory in Java. */
    @SuppressWarnings("restricted")
    static MemorySegment nullOf(long bytes) {
        return MemorySegment.NULL.reinterpret(bytes);
    }

    /** A float32 matrix at a null pointer. */
    static Tensor nullMatrix(long rows, long columns) {
        return Tensor.of(nullOf(rows * columns * Float.BYTES), Dtype.F32, rows, columns);
    }
}
