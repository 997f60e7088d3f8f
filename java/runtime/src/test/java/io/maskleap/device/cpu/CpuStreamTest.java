package io.maskleap.device.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.maskleap.device.DeviceContext;
import io.maskleap.device.DeviceStreamContract;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.EmbedCall;
import io.maskleap.kernel.KernelException;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class CpuStreamTest extends DeviceStreamContract {
    @Override
    protected DeviceContext open() {
        return new CpuContext(2);
    }

    /** The CPU's kernel refuses an id outside its table, whether its call is repeated or not. */
    @Test
    void repeatedCallThatFailsIsToldAndTheRecordingStaysUsable() {
        try (var context = new CpuContext(2); var stream = context.newStream(); var arena = Arena.ofShared()) {
            var id = context.allocate(arena, Integer.BYTES);
            var table = Tensor.of(context.allocate(arena, 3 * Float.BYTES), Dtype.F32, 3, 1);
            var out = Tensor.of(context.allocate(arena, Float.BYTES), Dtype.F32, 1, 1);
            table.data().copyFrom(MemorySegment.ofArray(new float[] {5, 6, 7}));
            Runnable embed = () -> stream.run(() -> stream.replay("embed", () ->
                    stream.kernels().embed(new EmbedCall(1, 1, 1, id, MemorySegment.NULL, MemorySegment.NULL, table, null, out))));
            var sentences = new String[4];
            for (int time = 0; time < sentences.length; time++) {
                id.set(JAVA_INT, 0, 2);
                embed.run();
                assertEquals(7, out.data().get(JAVA_FLOAT, 0));
                id.set(JAVA_INT, 0, 3);
                sentences[time] = assertThrows(KernelException.class, embed::run).getMessage();
                assertEquals(sentences[0], sentences[time]);
            }
        }
    }

    /** Repeated, they would not come again. */
    @Test
    void readsAndWritesOfTheHostAreRefusedWhereTheyWouldBeRecorded() {
        try (var context = new CpuContext(2); var stream = context.newStream(); var arena = Arena.ofShared()) {
            var memory = context.allocate(arena, Integer.BYTES);
            stream.run(() -> stream.replay("key", () -> { }));
            assertThrows(IllegalStateException.class, () -> stream.run(() -> stream.replay("key", () -> stream.write(memory, host -> { }))));
            assertThrows(IllegalStateException.class, () -> stream.run(() -> stream.replay("key", () -> stream.read(memory, host -> 0))));
        }
    }
}
