package io.maskleap.device;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.kernel.Activation;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What every device's products, convolutions and copies must do, against double-precision loops. */
public abstract class DeviceStreamContract {
    private static final int TAPS = Convolution.TAPS * Convolution.TAPS;

    private final Arena arena = Arena.ofShared();
    private final Random random = new Random(5);
    private DeviceContext device;
    private DeviceStream stream;

    /** The device that is tested. */
    protected abstract DeviceContext open();

    /** Aborts the test if the device cannot multiply {@code dtype} on the machine that runs it. */
    protected void assumeProducts(Dtype dtype) {
    }

    @BeforeEach
    void openStream() {
        device = open();
        stream = device.newStream();
    }

    @AfterEach
    void close() {
        stream.close();
        arena.close();
        device.close();
    }

    // ---- values on the host and on the device ----

    /** A matrix of values that {@code dtype} has. */
    private record Values(int rows, int columns, Dtype dtype, float[] all) {
        double at(int row, int column) {
            return all[row * columns + column];
        }
    }

    private Values random(Dtype dtype, int rows, int columns) {
        var all = new float[rows * columns];
        for (int i = 0; i < all.length; i++) {
            all[i] = rounded(dtype, (float) random.nextGaussian());
        }
        return new Values(rows, columns, dtype, all);
    }

    private static float rounded(Dtype dtype, float x) {
        return dtype == Dtype.F32 ? x : Float.intBitsToFloat(bfloat16(x) << 16);
    }

    /** To the nearest, ties to even. */
    private static int bfloat16(float x) {
        int bits = Float.floatToRawIntBits(x);
        return (bits + 0x7FFF + (bits >>> 16 & 1)) >>> 16;
    }

    private Tensor tensor(Dtype dtype, int rows, int columns) {
        var memory = device.allocate(arena, Math.max(1, (long) rows * columns * dtype.bytes()));
        stream.run(() -> stream.write(memory, host -> host.fill((byte) 0xFF))); // NaN in either dtype
        return Tensor.of(memory, dtype, rows, columns);
    }

    private Tensor onDevice(Values values) {
        var tensor = tensor(values.dtype, values.rows, values.columns);
        stream.run(() -> stream.write(tensor.data(), host -> write(values, host)));
        return tensor;
    }

    private static void write(Values values, MemorySegment host) {
        for (int i = 0; i < values.all.length; i++) {
            if (values.dtype == Dtype.F32) {
                host.setAtIndex(JAVA_FLOAT, i, values.all[i]);
            } else {
                host.setAtIndex(JAVA_SHORT, i, (short) bfloat16(values.all[i]));
            }
        }
    }

    private Values onHost(Tensor tensor) {
        int count = Math.toIntExact(tensor.rows() * tensor.columns());
        var all = stream.call(() -> stream.read(tensor.data(), host -> {
            var values = new float[count];
            for (int i = 0; i < count; i++) {
                values[i] = tensor.dtype() == Dtype.F32 ? host.getAtIndex(JAVA_FLOAT, i) : Float.intBitsToFloat(host.getAtIndex(JAVA_SHORT, i) << 16);
            }
            return values;
        }));
        return new Values((int) tensor.rows(), (int) tensor.columns(), tensor.dtype(), all);
    }

    private Linear linear(Values weight, Values bias, Activation activation) {
        return new Linear(onDevice(weight), bias == null ? null : onDevice(bias), activation);
    }

    /** As near as float32 sums of {@code terms} random terms come; bfloat16 rounds the sum, what is added to it, and the result. */
    private static double tolerance(Dtype result, int terms, double value) {
        return result == Dtype.F32 ? 2e-5 * Math.sqrt(terms) : (Math.abs(value) + 2 * Math.sqrt(terms)) / 256;
    }

    private static void assertNear(double wanted, Values actual, int row, int column, int terms, String what) {
        assertEquals(wanted, actual.at(row, column), tolerance(actual.dtype, terms, wanted), what + " " + row + ", " + column);
    }

    // ---- products ----

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

    private static double dot(Values x, int row, int from, Values weight, int out, int count) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += x.at(row, from + i) * weight.at(out, i);
        }
        return sum;
    }

    @ParameterizedTest
    @CsvSource({"F32, F32, 1, 7, 5, NONE", "F32, F32, 66, 24, 72, GELU_ERF", "F32, F32, 97, 20, 33, SILU", "F32, F32, 514, 192, 576, NONE",
        "BF16, BF16, 66, 24, 72, GELU_ERF", "BF16, BF16, 97, 32, 48, SILU", "BF16, F32, 66, 96, 24, GELU_ERF", "BF16, F32, 5, 8, 8, NONE"})
    void linearIsProductBiasAndActivation(Dtype operands, Dtype result, int rows, int in, int out, Activation activation) {
        assumeProducts(operands);
        var x = random(operands, rows, in);
        var weight = random(operands, out, in);
        var bias = random(Dtype.F32, 1, out);
        var layer = linear(weight, bias, activation);
        var input = onDevice(x);
        var y = tensor(result, rows, out);
        stream.run(() -> stream.linear(input, layer, y, rows));
        var actual = onHost(y);
        for (int r = 0; r < rows; r++) {
            for (int o = 0; o < out; o++) {
                assertNear(activated(activation, bias.at(0, o) + dot(x, r, 0, weight, o, in)), actual, r, o, in, "row, output");
            }
        }
    }

    @Test
    void linearWithoutBiasOnASliceOfRowsAndOutputs() {
        var wide = random(Dtype.F32, 9, 30);
        var weight = random(Dtype.F32, 12, 8);
        var layer = linear(weight, null, Activation.NONE).outputs(4, 5);
        var x = onDevice(wide).columns(10, 8);
        var y = tensor(Dtype.F32, 9, 5);
        stream.run(() -> stream.linear(x, layer, y, 9));
        var actual = onHost(y);
        for (int r = 0; r < 9; r++) {
            for (int o = 0; o < 5; o++) {
                assertNear(dot(wide, r, 10, weight, 4 + o, 8), actual, r, o, 8, "row, output");
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"F32, F32", "BF16, F32", "BF16, BF16"})
    void addLinearAddsToWhatIsThere(Dtype operands, Dtype result) {
        assumeProducts(operands);
        var x = random(operands, 6, 4);
        var weight = random(operands, 3, 4);
        var bias = random(Dtype.F32, 1, 3);
        var before = random(result, 6, 3);
        var layer = linear(weight, bias, Activation.NONE);
        var input = onDevice(x);
        var y = onDevice(before);
        stream.run(() -> stream.addLinear(input, layer, y, 6));
        var actual = onHost(y);
        for (int r = 0; r < 6; r++) {
            for (int o = 0; o < 3; o++) {
                assertNear(before.at(r, o) + bias.at(0, o) + dot(x, r, 0, weight, o, 4), actual, r, o, 4, "row, output");
            }
        }
    }

    @Test
    void noRowsAreNoWork() {
        var layer = linear(random(Dtype.F32, 3, 4), random(Dtype.F32, 1, 3), Activation.NONE);
        stream.run(() -> stream.linear(tensor(Dtype.F32, 0, 4), layer, tensor(Dtype.F32, 0, 3), 0));
    }

    @ParameterizedTest
    @CsvSource({"F32", "BF16"})
    void productsPlainAndTransposed(Dtype dtype) {
        assumeProducts(dtype);
        var a = random(dtype, 5, 7);
        var b = random(dtype, 7, 6);
        var c = random(dtype, 6, 7);
        var ab = tensor(dtype, 5, 6);
        var ac = tensor(dtype, 5, 6);
        var aThere = onDevice(a);
        var bThere = onDevice(b);
        var cThere = onDevice(c);
        stream.run(() -> {
            stream.product(aThere, bThere, ab);
            stream.productTransposed(aThere, cThere, ac);
        });
        var plain = onHost(ab);
        var transposed = onHost(ac);
        for (int i = 0; i < 5; i++) {
            for (int j = 0; j < 6; j++) {
                double sum = 0;
                for (int k = 0; k < 7; k++) {
                    sum += a.at(i, k) * b.at(k, j);
                }
                assertNear(sum, plain, i, j, 7, "a b at");
                assertNear(dot(a, i, 0, c, j, 7), transposed, i, j, 7, "a c^T at");
            }
        }
    }

    @Test
    void shapesThatDoNotFitAreNamed() {
        var layer = linear(random(Dtype.F32, 3, 4), random(Dtype.F32, 1, 3), Activation.NONE);
        var x = tensor(Dtype.F32, 2, 5);
        var y = tensor(Dtype.F32, 2, 3);
        var e = assertThrows(IllegalArgumentException.class, () -> stream.run(() -> stream.linear(x, layer, y, 2)));
        assertTrue(e.getMessage().contains("(2, 5)") && e.getMessage().contains("(3, 4)"), e.getMessage());
    }

    @Test
    void dtypesThatDoNotGoTogetherAreNamed() {
        var layer = linear(random(Dtype.F32, 3, 4), null, Activation.NONE);
        var x = tensor(Dtype.BF16, 2, 4);
        var y = tensor(Dtype.F32, 2, 3);
        var e = assertThrows(IllegalArgumentException.class, () -> stream.run(() -> stream.linear(x, layer, y, 2)));
        assertTrue(e.getMessage().contains("BF16"), e.getMessage());
    }

    // ---- convolutions ----

    @ParameterizedTest
    @CsvSource({"F32, 1, 1, 3, 2", "F32, 5, 4, 16, 32", "F32, 8, 8, 33, 3", "BF16, 5, 4, 16, 32"})
    void convolutionIsNineTapsWithZerosAround(Dtype dtype, int height, int width, int in, int out) {
        assumeProducts(dtype);
        var x = random(dtype, height * width, in);
        var weight = random(dtype, out, in * TAPS);
        var bias = random(Dtype.F32, 1, out);
        var before = random(dtype, height * width, out);
        var file = Tensor.of(arena.allocate((long) weight.all.length * dtype.bytes(), Long.BYTES), dtype, out, (long) in * TAPS);
        write(weight, file.data());
        var convolution = new Convolution(device.filter(file, dtype), onDevice(bias));
        var input = onDevice(x);
        var y = tensor(dtype, height * width, out);
        var added = onDevice(before);
        stream.run(() -> {
            stream.convolve(input, convolution, y, height, width);
            stream.addConvolve(input, convolution, added, height, width);
        });
        var alone = onHost(y);
        var sum = onHost(added);
        for (int pixel = 0; pixel < height * width; pixel++) {
            for (int o = 0; o < out; o++) {
                double wanted = bias.at(0, o) + convolved(x, weight, pixel / width, pixel % width, height, width, o);
                assertNear(wanted, alone, pixel, o, in * TAPS, "pixel, output");
                assertNear(wanted + before.at(pixel, o), sum, pixel, o, in * TAPS, "pixel, output");
            }
        }
    }

    private static double convolved(Values x, Values weight, int row, int column, int height, int width, int out) {
        double sum = 0;
        for (int tap = 0; tap < TAPS; tap++) {
            int h = row + tap / 3 - 1;
            int w = column + tap % 3 - 1;
            for (int c = 0; h >= 0 && h < height && w >= 0 && w < width && c < x.columns; c++) {
                sum += x.at(h * width + w, c) * weight.at(out, c * TAPS + tap);
            }
        }
        return sum;
    }

    // ---- weights, memory, order ----

    @ParameterizedTest
    @CsvSource({"F32, F32", "F32, BF16", "BF16, F32", "BF16, BF16"})
    void weightsHaveTheValuesOfTheFileInTheWantedDtype(Dtype stored, Dtype wanted) {
        var values = random(stored, 13, 40);
        var file = Tensor.of(arena.allocate((long) values.all.length * stored.bytes(), Long.BYTES), stored, 13, 40);
        write(values, file.data());
        var actual = onHost(device.weight(file, wanted));
        var rounded = new float[values.all.length];
        for (int i = 0; i < rounded.length; i++) {
            rounded[i] = rounded(wanted, values.all[i]);
        }
        assertArrayEquals(rounded, actual.all);
    }

    @Test
    void memoryStartsAsZeros() {
        var memory = device.allocate(arena, 1000);
        assertArrayEquals(new byte[1000], stream.call(() -> stream.read(memory, host -> host.toArray(JAVA_BYTE))));
    }

    @Test
    void workIsDoneInItsOrder() {
        var memory = device.allocate(arena, 2L * Float.BYTES);
        var a = memory.asSlice(0, Float.BYTES);
        var b = memory.asSlice(Float.BYTES, Float.BYTES);
        float seen = stream.call(() -> {
            for (int i = 1; i <= 5; i++) {
                float value = i;
                stream.write(a, host -> host.set(JAVA_FLOAT, 0, value));
                if (i == 3) {
                    stream.copy(a, b);
                }
            }
            return stream.read(b, host -> host.get(JAVA_FLOAT, 0));
        });
        assertEquals(3, seen);
    }

    // ---- repeating ----

    /** Often enough that it is done as it is, recorded and repeated. */
    private static final int TIMES = 4;

    @Test
    void replayedWorkReadsWhatMemoryHoldsThen() {
        replayedWorkReadsWhatMemoryHoldsThen("copy");
    }

    private void replayedWorkReadsWhatMemoryHoldsThen(Object key) {
        var x = onDevice(random(Dtype.F32, 4, 6));
        var y = tensor(Dtype.F32, 4, 6);
        for (int i = 0; i < TIMES; i++) {
            var values = random(Dtype.F32, 4, 6);
            stream.run(() -> {
                stream.write(x.data(), host -> write(values, host));
                stream.replay(key, () -> stream.copy(x, y));
            });
            assertArrayEquals(values.all, onHost(y).all, "time " + i);
        }
    }

    /** A product, a convolution, kernels with and without a parameter struct, and a copy: what each reads is what the one before wrote. */
    @Test
    void replayedWorkIsTheSameWorkInItsOrder() {
        var layer = linear(random(Dtype.F32, 8, 8), random(Dtype.F32, 1, 8), Activation.SILU);
        var weight = random(Dtype.F32, 8, 8 * TAPS);
        var file = Tensor.of(arena.allocate((long) weight.all.length * Float.BYTES, Long.BYTES), Dtype.F32, 8, 8L * TAPS);
        write(weight, file.data());
        var convolution = new Convolution(device.filter(file, Dtype.F32), onDevice(random(Dtype.F32, 1, 8)));
        var gamma = onDevice(random(Dtype.F32, 1, 8));
        var beta = onDevice(random(Dtype.F32, 1, 8));
        var input = onDevice(random(Dtype.F32, 6, 8));
        var a = tensor(Dtype.F32, 6, 8);
        var b = tensor(Dtype.F32, 6, 8);
        var c = tensor(Dtype.F32, 6, 8);
        Runnable work = () -> {
            stream.linear(input, layer, a, 3);
            stream.kernels().addLayerNorm(a, null, gamma, beta, b, 1e-5f);
            stream.convolve(b, convolution, c, 2, 3);
            stream.kernels().addLayerNorm(c, a, beta, gamma, b, 1e-3f);
            stream.kernels().add(b, c);
            stream.copy(c, input);
        };
        var start = random(Dtype.F32, 6, 8);
        var wanted = new Values[TIMES];
        stream.run(() -> stream.write(input.data(), host -> write(start, host)));
        for (int i = 0; i < TIMES; i++) {
            stream.run(work);
            wanted[i] = onHost(input);
        }
        stream.run(() -> stream.write(input.data(), host -> write(start, host)));
        for (int i = 0; i < TIMES; i++) {
            stream.run(() -> stream.replay("work", work));
            assertArrayEquals(wanted[i].all, onHost(input).all, "time " + i);
        }
    }

    /** A key, which is a record in a session. */
    private record Key(int number) {
    }

    @Test
    void equalKeysAreTheSameWorkAndOthersAreNot() {
        var x = onDevice(random(Dtype.F32, 4, 6));
        var y = tensor(Dtype.F32, 4, 6);
        var runs = new int[2];
        for (int i = 0; i < 2 * TIMES; i++) {
            int number = i % 2;
            stream.run(() -> stream.replay(new Key(number), () -> {
                runs[number]++;
                stream.copy(number == 0 ? x : y, number == 0 ? y : x);
            }));
        }
        assertArrayEquals(new int[] {2, 2}, runs, "done once as it is, and recorded once");
    }

    @Test
    void ofTooManyKeysTheEldestAreForgottenAndStillRight() {
        var numbers = tensor(Dtype.F32, ReplayCache.MOST + 2, 1);
        var y = tensor(Dtype.F32, 1, 1);
        stream.run(() -> stream.write(numbers.data(), host -> {
            for (int i = 0; i < numbers.rows(); i++) {
                host.setAtIndex(JAVA_FLOAT, i, i);
            }
        }));
        var runs = new int[(int) numbers.rows()];
        for (int time = 0; time < 3; time++) {
            for (int i = 0; i < runs.length; i++) {
                int number = i;
                stream.run(() -> {
                    for (int again = 0; again < 2; again++) {
                        stream.replay(new Key(number), () -> {
                            runs[number]++;
                            stream.copy(numbers.rows(number, 1), y.rows(0, 1));
                        });
                    }
                });
                assertEquals(number, onHost(Tensor.of(y.data(), Dtype.F32, 1, 1)).at(0, 0));
            }
        }
        assertEquals(3 * 2, runs[0], "forgotten before it comes again");
    }

    @Test
    void replayWithinReplayedWorkIsRefused() {
        for (int i = 0; i < 2; i++) {
            assertThrows(IllegalStateException.class, () -> stream.run(() -> stream.replay("outer", () -> stream.replay("inner", () -> { }))));
        }
        replayedWorkReadsWhatMemoryHoldsThen("outer");
    }

    @Test
    void whatTheWorkThrowsIsThrownToTheCaller() {
        var e = assertThrows(ArithmeticException.class, () -> stream.run(() -> {
            throw new ArithmeticException("of the work");
        }));
        assertEquals("of the work", e.getMessage());
    }

    @Test
    void replayedWorkThatThrowsSpoilsNothing() {
        assertThrows(ArithmeticException.class, () -> stream.run(() -> stream.replay("copy", () -> {
            throw new ArithmeticException("of the work");
        })));
        replayedWorkReadsWhatMemoryHoldsThen("copy");
    }

    /** What was asked for before is not done with what comes later. */
    @Test
    void workThatThrowsWhileItIsRecordedLeavesNothing() {
        var x = onDevice(random(Dtype.F32, 4, 6));
        var y = onDevice(random(Dtype.F32, 4, 6));
        var before = onHost(y);
        stream.run(() -> stream.replay("copy", () -> { }));
        assertThrows(ArithmeticException.class, () -> stream.run(() -> stream.replay("copy", () -> {
            stream.copy(x, y);
            throw new ArithmeticException("of the work");
        })));
        assertArrayEquals(before.all, onHost(y).all);
        replayedWorkReadsWhatMemoryHoldsThen("copy");
        assertArrayEquals(before.all, onHost(y).all);
    }

    @Test
    @Timeout(60)
    void workThatWaitsForTheThreadIsSeen() throws InterruptedException {
        var other = Thread.ofPlatform().unstarted(() -> stream.run(() -> { }));
        boolean before = stream.call(() -> {
            boolean wanted = stream.isWanted();
            other.start();
            while (!stream.isWanted()) {
                Thread.onSpinWait();
            }
            return wanted;
        });
        assertFalse(before);
        other.join();
    }

    @Test
    void streamIsClosedOnceAndOthersGoOn() {
        var other = device.newStream();
        other.close();
        other.close();
        replayedWorkReadsWhatMemoryHoldsThen();
    }
}
