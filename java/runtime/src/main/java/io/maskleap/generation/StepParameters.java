package io.maskleap.generation;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.maskleap.device.DeviceStream;
import io.maskleap.device.Workspace;
import io.maskleap.kernel.StepBlock;
import io.maskleap.network.Sequences;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/**
 * What kernels read of a step from device memory: its parameter block, and which of the tokens just fixed each sequence attends to. So a
 * recorded step can be repeated with other values.
 */
final class StepParameters {
    private static final long ALIGNMENT = Long.BYTES;
    private static final long LISTS_OFFSET = Math.ceilDiv(StepBlock.BYTES, ALIGNMENT) * ALIGNMENT;

    private final MemorySegment all;
    private final MemorySegment block;
    private final MemorySegment keyOffsets;
    private final MemorySegment keyCounts;

    /** Takes room for {@code maxSequences} sequences. */
    StepParameters(Workspace workspace, int maxSequences) {
        long listBytes = (long) maxSequences * Integer.BYTES;
        all = workspace.bytes(LISTS_OFFSET + 2 * listBytes);
        block = all.asSlice(0, StepBlock.BYTES);
        keyOffsets = all.asSlice(LISTS_OFFSET, listBytes);
        keyCounts = all.asSlice(LISTS_OFFSET + listBytes, listBytes);
    }

    /**
     * Those of a step, for {@link #write}.
     *
     * @param newTokens   tokens of each image that the last step fixed
     * @param keyCapacity rows of each image that their keys have room for
     */
    Consumer<MemorySegment> values(StepBlock step, Sequences sequences, int newTokens, int keyCapacity) {
        return host -> {
            step.writeTo(host);
            for (int s = 0; s < sequences.count(); s++) {
                host.set(JAVA_INT, keyOffsets.address() - all.address() + (long) s * Integer.BYTES, s / sequences.sequencesPerImage() * keyCapacity);
                host.set(JAVA_INT, keyCounts.address() - all.address() + (long) s * Integer.BYTES, newTokens);
            }
        };
    }

    /** Sets them for the coming step. */
    void write(DeviceStream stream, Consumer<MemorySegment> values) {
        stream.write(all, values);
    }

    /** The step's block. */
    MemorySegment block() {
        return block;
    }

    /** (sequences) int32. */
    MemorySegment keyOffsets() {
        return keyOffsets;
    }

    /** (sequences) int32. */
    MemorySegment keyCounts() {
        return keyCounts;
    }
}
