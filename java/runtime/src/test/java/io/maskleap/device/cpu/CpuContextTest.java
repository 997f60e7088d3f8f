package io.maskleap.device.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.device.DeviceStream;
import io.maskleap.device.Linear;
import io.maskleap.error.MaskleapException;
import io.maskleap.kernel.Activation;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What only the CPU promises, and how it starts. */
class CpuContextTest {
    private final Arena arena = Arena.ofShared();
    private final Random random = new Random(5);
    private final CpuContext device = new CpuContext(2);
    private final DeviceStream stream = device.newStream();

    @AfterEach
    void close() {
        device.close();
        arena.close();
    }

    private Tensor tensor(long rows, long columns) {
        return Tensor.of(device.allocate(arena, Math.max(1, rows * columns) * Float.BYTES), Dtype.F32, rows, columns);
    }

    private Tensor filled(long rows, long columns) {
        var tensor = tensor(rows, columns);
        for (long i = 0; i < rows * columns; i++) {
            tensor.data().setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        return tensor;
    }

    /** Design decision 9: products are done image by image, and partitions do not depend on the thread count. */
    @ParameterizedTest
    @CsvSource({"514, 192, 768", "36, 192, 192", "1, 256, 222", "130, 768, 192"})
    void imageComesOutTheSameInABatchAndWithOtherThreads(int rowsPerImage, int in, int out) {
        var x = filled(5L * rowsPerImage, in);
        var layer = new Linear(filled(out, in), filled(1, out), Activation.GELU_ERF);
        var batch = tensor(5L * rowsPerImage, out);
        var alone = tensor(rowsPerImage, out);
        stream.run(() -> stream.linear(x, layer, batch, rowsPerImage));
        try (var other = new CpuContext(1); var oneThread = other.newStream()) {
            oneThread.run(() -> oneThread.linear(x.rows(3L * rowsPerImage, rowsPerImage), layer, alone, rowsPerImage));
        }
        assertArrayEquals(alone.data().toArray(JAVA_FLOAT), batch.rows(3L * rowsPerImage, rowsPerImage).data().asSlice(0, alone.byteSize()).toArray(JAVA_FLOAT));
    }

    @Test
    void manyVirtualThreadsShareOneNativeThread() throws Exception {
        try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
            var work = IntStream.range(0, 50).<Callable<Thread>>mapToObj(i -> () -> stream.call(Thread::currentThread)).toList();
            var threads = callers.invokeAll(work).stream().map(future -> future.resultNow()).distinct().toList();
            assertEquals(1, threads.size());
            assertEquals("maskleap-cpu", threads.getFirst().getName());
        }
    }

    @Test
    void closedDeviceRefusesWork() {
        var other = new CpuContext(1);
        var itsStream = other.newStream();
        other.close();
        assertThrows(IllegalStateException.class, () -> itsStream.run(() -> { }));
    }

    @Test
    void noThreadsAreNamed() {
        assertEquals("threads is 0, wanted at least 1", assertThrows(MaskleapException.class, () -> new CpuContext(0)).getMessage());
    }

    @Test
    void tooManyThreadsAreRefusedWhenTheDeviceStarts() {
        assertThrows(MaskleapException.class, () -> new CpuContext(2000));
    }

    @Test
    void missingLibraryIsNamedWithItsRemedy() {
        var e = assertThrows(MaskleapException.class, () -> new CpuContext(1, Path.of("/nowhere/libmine.so")));
        assertEquals("native library /nowhere/libmine.so: no such file; build it with build-native.sh", e.getMessage());
    }

    /** Runs with the library property set to {@code library}. */
    private static void withLibraryProperty(String library, Runnable test) {
        var before = System.getProperty(CpuLibrary.PATH_PROPERTY);
        System.setProperty(CpuLibrary.PATH_PROPERTY, library);
        try {
            test.run();
        } finally {
            if (before == null) {
                System.clearProperty(CpuLibrary.PATH_PROPERTY);
            } else {
                System.setProperty(CpuLibrary.PATH_PROPERTY, before);
            }
        }
    }

    @Test
    void propertyNamesALibraryOfOnesOwn() {
        withLibraryProperty("../../native/build/libmaskleap_cuda_emulated.so", () -> {
            try (var own = new CpuContext(1)) {
                assertTrue(own.description().contains("emulat"), own.description());
            }
        });
    }

    @Test
    void propertyThatNamesNoFileIsTold() {
        withLibraryProperty("/nowhere/libmine.so", () -> {
            var e = assertThrows(MaskleapException.class, () -> new CpuContext(1));
            assertEquals("-Dmaskleap.native.path=/nowhere/libmine.so: no such file, wanted a library that implements maskleap.h", e.getMessage());
        });
    }

    @Test
    void propertyThatNamesAnotherFileIsTold(@TempDir Path folder) throws IOException {
        var text = Files.writeString(folder.resolve("libmine.so"), "text");
        withLibraryProperty(text.toString(), () -> {
            var e = assertThrows(MaskleapException.class, () -> new CpuContext(1));
            assertEquals("native library " + text + ": cannot be loaded (not a library of this platform, or one that it needs is missing)", e.getMessage());
        });
    }
}
