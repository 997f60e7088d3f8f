package io.maskleap.kernel;

import static io.maskleap.kernel.Comparison.assertSame;
import static io.maskleap.kernel.Refusal.BAD_ARGUMENT;
import static io.maskleap.kernel.Refusal.BAD_SHAPE;
import static io.maskleap.kernel.Refusal.assertRefused;
import static io.maskleap.kernel.Refusal.nullMatrix;
import static io.maskleap.kernel.TestLibrary.onThreads;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GroupNormTest {
    private static final float EPS = 1e-6f;

    @AutoClose
    private final Memory memory = new Memory();

    private final Kernels kernels = TestLibrary.kernels();

    private record Case(int images, int pixels, int C, int groups, boolean swish, float[] x, float[] gamma, float[] beta) {
        static Case random(int images, int pixels, int C, int groups, boolean swish, double mean) {
            var seeded = new Seeded();
            return new Case(images, pixels, C, groups, swish, seeded.normal((long) images * pixels * C, mean, 2), seeded.normal(C, 1, 0.3),
                    seeded.normal(C, 0.5));
        }

        Case alone(int image) {
            int size = pixels * C;
            return new Case(1, pixels, C, groups, swish, Arrays.copyOfRange(x, image * size, (image + 1) * size), gamma, beta);
        }

        double[] formula(Precision precision) {
            var y = new double[x.length];
            int width = C / groups;
            for (int image = 0; image < images; image++) {
                for (int group = 0; group < groups; group++) {
                    int first = image * pixels * C + group * width;
                    var moments = precision.moments(pixels * width, i -> x[first + i / width * C + i % width]);
                    for (int i = 0; i < pixels * width; i++) {
                        int at = first + i / width * C + i % width;
                        int c = group * width + i % width;
                        double normal = precision.normalise(x[at], moments, EPS, gamma[c], beta[c]);
                        y[at] = swish ? precision.round(normal * precision.sigmoid(normal)) : normal;
                    }
                }
            }
            return y;
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1, 1", "1, 97, 32, 32", "2, 257, 24, 8", "3, 64, 20, 4", "1, 1025, 64, 32", "2, 5, 7, 1"})
    void groupsOfAnyWidth(int images, int pixels, int C, int groups) {
        for (boolean swish : new boolean[] {false, true}) {
            assertRight(Case.random(images, pixels, C, groups, swish, 0));
        }
    }

    @Test
    void aMeanFarFromZero() {
        assertRight(Case.random(1, 1025, 8, 4, false, 1000));
    }

    @Test
    void aVarianceAsSmallAsEpsilon() {
        var c = Case.random(1, 97, 8, 4, false, 0);
        for (int i = 0; i < c.x.length; i++) {
            c.x[i] *= 5e-4f;
        }
        assertRight(c);
    }

    @Test
    void noImagesIsNoError() {
        var none = memory.outputFloats(0).matrix(0, 8);
        var row = memory.input(new float[8]).matrix(1, 8);
        groupNorm(none, row, row, none, 1, 4);
    }

    @Test
    void yMayBeX() {
        var c = Case.random(2, 33, 24, 8, true, 0);
        var inPlace = memory.inPlace(c.x);
        call(c, inPlace.matrix(66, 24), inPlace.matrix(66, 24));
        assertSame(run(c), inPlace.floats(), 2, 33, 24);
    }

    @Test
    void anImageAloneIsTheSameAsInABatchOfFive() {
        var batch = Case.random(5, 1030, 48, 16, true, 0);
        var together = run(batch);
        for (int image = 0; image < 5; image++) {
            int size = 1030 * 48;
            assertSame(run(batch.alone(image)), Arrays.copyOfRange(together, image * size, (image + 1) * size), 1030, 48);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void oneThreadComputesTheSameAsTwo(int images) {
        var c = Case.random(images, 4097, 64, 32, true, 0);
        assertSame(onThreads(1, () -> run(c)), onThreads(2, () -> run(c)), images, 4097, 64);
    }

    // ---- refusals ----

    private final Case small = Case.random(2, 3, 12, 4, false, 0);
    private final Tensor x = memory.input(small.x).matrix(6, 12);
    private final Tensor row = memory.input(small.gamma).matrix(1, 12);
    private final Tensor y = memory.outputFloats(6 * 12).matrix(6, 12);
    private final MemorySegment scratch = scratch(2, 5);

    private void groupNorm(Tensor x, Tensor gamma, Tensor beta, Tensor y, long images, long groups) {
        kernels.groupNorm(new GroupNormCall(x, gamma, beta, y, images, groups, EPS, false, scratch));
    }

    @Test
    void refusesGroupsThatDoNotDivideTheChannels() {
        assertRefused(BAD_SHAPE, memory, () -> groupNorm(x, row, row, y, 2, 5), "group", "C", "12", "5");
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -4})
    void refusesNoGroups(long groups) {
        assertRefused(BAD_SHAPE, memory, () -> groupNorm(x, row, row, y, 2, groups), "group", "groups", Long.toString(groups));
    }

    @Test
    void refusesNegativeSizes() {
        assertRefused(BAD_ARGUMENT, memory, () -> groupNorm(x, row, row, y, -2, 4), "group", "N", "-2");
    }

    @Test
    void refusesNullPointers() {
        assertRefused(BAD_ARGUMENT, memory, () -> groupNorm(nullMatrix(6, 12), row, row, y, 2, 4), "group", "x");
        assertRefused(BAD_ARGUMENT, memory, () -> groupNorm(x, nullMatrix(1, 12), row, y, 2, 4), "group", "gamma");
        assertRefused(BAD_ARGUMENT, memory, () -> groupNorm(x, row, nullMatrix(1, 12), y, 2, 4), "group", "beta");
        assertRefused(BAD_ARGUMENT, memory, () -> groupNorm(x, row, row, nullMatrix(6, 12), 2, 4), "group", "y");
    }

    @Test
    void refusesLittleScratch() {
        var little = scratch.asSlice(0, GroupNormCall.scratchBytes(2, 4) - 1);
        var refusal = assertThrows(IllegalArgumentException.class, () -> kernels.groupNorm(new GroupNormCall(x, row, row, y, 2, 4, EPS, false, little)));
        assertEquals("group norm: scratch has 16383 bytes, wanted at least 16384", refusal.getMessage());
    }

    private void assertRight(Case c) {
        Reference.of(c::formula).assertMatches(run(c), c.images, c.pixels, c.C);
    }

    private float[] run(Case c) {
        var out = memory.outputFloats(c.x.length);
        call(c, memory.input(c.x).matrix((long) c.images * c.pixels, c.C), out.matrix((long) c.images * c.pixels, c.C));
        return out.floats();
    }

    private void call(Case c, Tensor from, Tensor to) {
        kernels.groupNorm(new GroupNormCall(from, memory.input(c.gamma).matrix(1, c.C), memory.input(c.beta).matrix(1, c.C), to, c.images, c.groups,
                EPS, c.swish, scratch(c.images, c.groups)));
    }

    private MemorySegment scratch(long images, long groups) {
        return memory.outputBytes(GroupNormCall.scratchBytes(images, groups)).segment();
    }
}
