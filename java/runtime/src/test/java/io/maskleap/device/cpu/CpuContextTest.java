package io.maskleap.device.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.device.Convolution;
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
import org.junit.jupiter.params.provider.EnumSource;

/** oneDNN's products and convolutions as the networks use them, against double-precision loops. */
class CpuContextTest {
    private static final double TOLERANCE = 2e-5;

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

    private static Tensor poisoned(Tensor tensor) {
        for (long i = 0; i < tensor.rows() * tensor.columns(); i++) {
            tensor.data().setAtIndex(JAVA_FLOAT, i, Float.NaN);
        }
        return tensor;
    }

    private static double at(Tensor tensor, long row, long column) {
        return tensor.data().getAtIndex(JAVA_FLOAT, row * tensor.stride() + column);
    }

    private static double activated(Activation activation, double x) {
        return switch (activation) {
            case NONE -> x;
            case SILU -> x / (1 + Math.exp(-x));
            case GELU_ERF -> x / 2 * (1 + erf(x / Math.sqrt(2)));
        };
    }

    /** Its Maclaurin series: exact enough to |x| = 5 in double. */
    private static double erf(double x) {
        if (Math.abs(x) > 5) {
            return Math.signum(x);
        }
        double sum = 0;
        double term = x;
        for (int n = 0; n < 200; n++) {
            sum += term / (2 * n + 1);
            term *= -x * x / (n + 1);
        }
        return 2 / Math.sqrt(Math.PI) * sum;
    }

    @ParameterizedTest
    @CsvSource({"1, 7, 5, NONE", "66, 24, 72, GELU_ERF", "97, 20, 33, SILU", "514, 192, 576, NONE"})
    void linearIsProductBiasAndActivation(int rows, int in, int out, Activation activation) {
        var x = filled(rows, in);
        var layer = new Linear(filled(out, in), filled(1, out), activation);
        var y = poisoned(tensor(rows, out));
        stream.run(() -> stream.linear(x, layer, y, rows));
        for (int r = 0; r < rows; r++) {
            for (int o = 0; o < out; o++) {
                double sum = at(layer.bias(), 0, o);
                for (int i = 0; i < in; i++) {
                    sum += at(x, r, i) * at(layer.weight(), o, i);
                }
                assertEquals(activated(activation, sum), at(y, r, o), TOLERANCE * Math.sqrt(in), "row " + r + ", output " + o);
            }
        }
    }

    @Test
    void linearWithoutBiasOnASliceOfRowsAndOutputs() {
        var wide = filled(9, 30);
        var x = wide.columns(10, 8);
        var layer = new Linear(filled(12, 8), null, Activation.NONE).outputs(4, 5);
        var y = poisoned(tensor(9, 5));
        stream.run(() -> stream.linear(x, layer, y, 9));
        for (int r = 0; r < 9; r++) {
            for (int o = 0; o < 5; o++) {
                double sum = 0;
                for (int i = 0; i < 8; i++) {
                    sum += at(wide, r, 10 + i) * at(layer.weight(), o, i);
                }
                assertEquals(sum, at(y, r, o), TOLERANCE);
            }
        }
    }

    @Test
    void addLinearAddsToWhatIsThere() {
        var x = filled(6, 4);
        var layer = new Linear(filled(3, 4), filled(1, 3), Activation.NONE);
        var sum = tensor(6, 3);
        var alone = tensor(6, 3);
        sum.data().fill((byte) 0);
        for (int i = 0; i < 18; i++) {
            sum.data().setAtIndex(JAVA_FLOAT, i, i);
        }
        stream.run(() -> {
            stream.linear(x, layer, alone, 6);
            stream.addLinear(x, layer, sum, 6);
        });
        for (int i = 0; i < 18; i++) {
            assertEquals(i + alone.data().getAtIndex(JAVA_FLOAT, i), sum.data().getAtIndex(JAVA_FLOAT, i), TOLERANCE);
        }
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
    void noRowsAreNoWork() {
        var layer = new Linear(filled(3, 4), filled(1, 3), Activation.NONE);
        stream.run(() -> stream.linear(tensor(0, 4), layer, tensor(0, 3), 0));
    }

    @Test
    void productsPlainAndTransposed() {
        var a = filled(5, 7);
        var b = filled(7, 6);
        var c = filled(6, 7);
        var ab = poisoned(tensor(5, 6));
        var ac = poisoned(tensor(5, 6));
        stream.run(() -> {
            stream.product(a, b, ab);
            stream.productTransposed(a, c, ac);
        });
        for (int i = 0; i < 5; i++) {
            for (int j = 0; j < 6; j++) {
                double plain = 0;
                double transposed = 0;
                for (int k = 0; k < 7; k++) {
                    plain += at(a, i, k) * at(b, k, j);
                    transposed += at(a, i, k) * at(c, j, k);
                }
                assertEquals(plain, at(ab, i, j), TOLERANCE);
                assertEquals(transposed, at(ac, i, j), TOLERANCE);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 3, 2", "5, 4, 16, 32", "8, 8, 33, 3"})
    void convolutionIsNineTapsWithZerosAround(int height, int width, int in, int out) {
        var x = filled((long) height * width, in);
        var convolution = new Convolution(filled(out, in * 9L), filled(1, out));
        var y = poisoned(tensor((long) height * width, out));
        var added = filled((long) height * width, out);
        var before = added.data().toArray(JAVA_FLOAT);
        stream.run(() -> {
            stream.convolve(x, convolution, y, height, width);
            stream.addConvolve(x, convolution, added, height, width);
        });
        for (int i = 0; i < height; i++) {
            for (int j = 0; j < width; j++) {
                for (int o = 0; o < out; o++) {
                    double sum = at(convolution.bias(), 0, o);
                    for (int c = 0; c < in; c++) {
                        for (int tap = 0; tap < 9; tap++) {
                            int h = i + tap / 3 - 1;
                            int w = j + tap % 3 - 1;
                            if (h >= 0 && h < height && w >= 0 && w < width) {
                                sum += at(x, (long) h * width + w, c) * at(convolution.weight(), o, c * 9L + tap);
                            }
                        }
                    }
                    int pixel = i * width + j;
                    assertEquals(sum, at(y, pixel, o), TOLERANCE * Math.sqrt(9.0 * in), "pixel " + i + ", " + j + ", output " + o);
                    assertEquals(sum + before[pixel * out + o], at(added, pixel, o), TOLERANCE * Math.sqrt(9.0 * in));
                }
            }
        }
    }

    @Test
    void shapesThatDoNotFitAreNamed() {
        var layer = new Linear(filled(3, 4), filled(1, 3), Activation.NONE);
        var e = assertThrows(IllegalArgumentException.class, () -> stream.run(() -> stream.linear(tensor(2, 5), layer, tensor(2, 3), 2)));
        assertTrue(e.getMessage().contains("(2, 5)") && e.getMessage().contains("(3, 4)"), e.getMessage());
    }

    @ParameterizedTest
    @EnumSource(value = Dtype.class, names = "BF16")
    void dtypesThatTheCpuLacksAreNamed(Dtype dtype) {
        var x = Tensor.of(device.allocate(arena, 8 * dtype.bytes()), dtype, 2, 4);
        var layer = new Linear(filled(3, 4), null, Activation.NONE);
        var e = assertThrows(IllegalArgumentException.class, () -> stream.run(() -> stream.linear(x, layer, tensor(2, 3), 2)));
        assertTrue(e.getMessage().contains(dtype.name()), e.getMessage());
    }

    @Test
    void whatTheWorkThrowsIsThrownToTheCaller() {
        var e = assertThrows(ArithmeticException.class, () -> stream.run(() -> {
            throw new ArithmeticException("of the work");
        }));
        assertEquals("of the work", e.getMessage());
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
