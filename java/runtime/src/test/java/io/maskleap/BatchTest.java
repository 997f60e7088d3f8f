package io.maskleap;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.maskleap.sampling.Schedule;
import io.maskleap.sampling.StepPlan;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

    private static long takenBy(Runnable work) {
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        work.run();
        return threads.getCurrentThreadAllocatedBytes() - before;
    }
}
