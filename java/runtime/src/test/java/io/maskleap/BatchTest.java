package io.maskleap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.maskleap.device.DeviceContext;
import io.maskleap.generation.Batch;
import io.maskleap.sampling.Schedule;
import io.maskleap.sampling.StepPlan;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BatchTest {
    /** What the loop over the steps takes; one step whose calls are not recorded takes thousands of bytes. */
    private static final long MOST_BYTES = 64;

    private static final int GENERATIONS = 10;

    @TempDir
    private static Path folder;

    /** Of a generation whose shapes came before; the least of several, as the JVM takes some in a generation for what it optimizes. */
    @Test
    void stepsTakeNothingOfJavasHeap() {
        try (var model = Model.open(TestModels.tiny(folder.resolve("tiny"), true), Device.cpu(2)); var batch = Batch.of(model.device(), model.networks(), 2)) {
            var plan = StepPlan.of(Schedule.ARCCOS, 16, 4, model.info().tokens());
            var sampling = model.info().defaults().sampling();
            var taken = LongStream.range(0, GENERATIONS).map(_ -> {
                batch.stream().run(() -> batch.begin(new int[] {1, 2}, new long[] {3, 4}, plan, sampling));
                return batch.stream().call(() -> takenBy(() -> plan.steps().forEach(batch::step)));
            }).toArray();
            assertTrue(taken[0] > 1000 * plan.steps().size(), "the first generation is not recorded: " + taken[0]);
            assertTrue(LongStream.of(taken).min().orElseThrow() <= MOST_BYTES, Arrays.toString(taken));
        }
    }

    /** All device memory is asked for when the batch is made: the bytes that a session announces, less its stream's own, and none while it paints. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void batchAsksItsDeviceForTheMemoryThatItAnnounces(int images) {
        var asked = new ArrayList<Long>();
        try (var model = Model.open(TestModels.tiny(folder.resolve("counted" + images), true), Device.cpu(2))) {
            var device = counting(model.device(), asked);
            try (var batch = Batch.of(device, model.networks(), images)) {
                var plan = StepPlan.of(Schedule.ARCCOS, 8, 3, model.info().tokens());
                batch.stream().run(() -> {
                    batch.begin(new int[images], new long[images], plan, model.info().defaults().sampling());
                    plan.steps().forEach(batch::step);
                    batch.decode(0);
                });
            }
            assertEquals(List.of(Batch.bytes(device, model.networks(), images) - device.streamBytes()), asked);
        }
    }

    /** {@code device}, which notes the bytes of each allocation. */
    private static DeviceContext counting(DeviceContext device, List<Long> asked) {
        return (DeviceContext) Proxy.newProxyInstance(BatchTest.class.getClassLoader(), new Class<?>[] {DeviceContext.class}, (_, method, arguments) -> {
            if (method.getName().equals("allocate")) {
                asked.add((long) arguments[1]);
            }
            return method.invoke(device, arguments);
        });
    }

    private static long takenBy(Runnable work) {
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        work.run();
        return threads.getCurrentThreadAllocatedBytes() - before;
    }
}
