package io.maskleap.device.cpu;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.maskleap.device.DeviceContext;
import io.maskleap.device.DeviceStreamContract;
import io.maskleap.device.Linear;
import io.maskleap.kernel.Activation;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.EmbedCall;
import io.maskleap.kernel.KernelException;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CpuStreamTest extends DeviceStreamContract {
    @Override
    protected DeviceContext open() {
        return new CpuContext(2);
    }

    @Override
    protected void assumeProducts(Dtype dtype) {
        if (dtype == Dtype.BF16) {
            ProcessorFeatures.assumeBfloat16Products();
        }
    }

    /** Weights are packed for the first product of a layer; other products must not depend on which that was. */
    @ParameterizedTest
    @EnumSource
    void productHasTheSameBitsWhateverOthersTheLayerServedBefore(Dtype dtype) {
        assumeProducts(dtype);
        assertArrayEquals(product(dtype, 200), product(dtype, 3, 70, 1, 200));
    }

    /** The bits of a layer's product of the last of these numbers of rows, after products of the others. */
    private static byte[] product(Dtype dtype, int... rows) {
        int in = 96;
        int out = 160;
        try (var context = new CpuContext(2); var stream = context.newStream(); var arena = Arena.ofShared()) {
            var layer = new Linear(random(context, arena, dtype, out, in), null, Activation.NONE);
            var y = Tensor.of(context.allocate(arena, 0), dtype, 0, out);
            for (int n : rows) {
                var x = random(context, arena, dtype, n, in);
                var result = Tensor.of(context.allocate(arena, (long) n * out * dtype.bytes()), dtype, n, out);
                stream.run(() -> stream.linear(x, layer, result, n));
                y = result;
            }
            return y.data().toArray(JAVA_BYTE);
        }
    }

    private static Tensor random(CpuContext context, Arena arena, Dtype dtype, int rows, int columns) {
        var random = new Random(rows);
        var values = Tensor.of(context.allocate(arena, (long) rows * columns * Float.BYTES), Dtype.F32, rows, columns);
        for (int i = 0; i < rows * columns; i++) {
            values.data().setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        return context.weight(values, dtype);
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
