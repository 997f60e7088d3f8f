package io.maskleap.kernel;

import static io.maskleap.kernel.Comparison.assertSame;
import static io.maskleap.kernel.Refusal.BAD_ARGUMENT;
import static io.maskleap.kernel.Refusal.BAD_SHAPE;
import static io.maskleap.kernel.Refusal.assertRefused;
import static io.maskleap.kernel.Refusal.nullMatrix;
import static io.maskleap.kernel.Refusal.nullOf;
import static io.maskleap.kernel.TestLibrary.onThreads;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.maskleap.kernel.SampleCall.Draw;
import io.maskleap.kernel.StepBlock.Confidence;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SampleTest {
    private static final float INFINITY = Float.POSITIVE_INFINITY;

    @AutoClose
    private final Memory memory = new Memory();

    static Stream<Arguments> drawsAndVocabularies() {
        return Stream.of(Draw.values()).flatMap(draw -> IntStream.of(1, 7, 256, 1024, 8192).mapToObj(vocabulary -> Arguments.of(draw, vocabulary)));
    }

    @ParameterizedTest
    @MethodSource("drawsAndVocabularies")
    void philoxAndRecordedUniforms(Draw draw, int vocabulary) {
        int rows = vocabulary > 1024 ? 5 : 33;
        SampleCase.rows(rows, vocabulary, 3).with(c -> c.draw = draw).assertRight(memory);
        SampleCase.rows(rows, vocabulary, 3).with(c -> c.draw = draw).recorded().assertRight(memory);
    }

    @ParameterizedTest
    @EnumSource
    void twoSequencesWithGuidanceBiasAndSpareRows(Draw draw) {
        new SampleCase(3, 2, 64, 37, 40, 97, 2).with(c -> {
            c.draw = draw;
            c.guidance = 1.7f;
            c.biasStride = 103;
            c.bias = new Seeded().normal(64 * 103, 2);
        }).recorded().assertRight(memory);
    }

    @Test
    void oneSequenceHasNoGuidance() {
        var c = SampleCase.rows(33, 97, 2);
        var without = c.run(memory);
        var with = c.with(it -> it.guidance = 3).run(memory);
        assertSame(without.codes(), with.codes(), 33);
        assertSame(without.confidence(), with.confidence(), 33);
    }

    @ParameterizedTest
    @EnumSource
    void everyConfidenceRule(Confidence confidence) {
        for (var draw : Draw.values()) {
            SampleCase.rows(65, 40, 2).with(c -> {
                c.draw = draw;
                c.confidence = confidence;
                c.noise = 0.37f;
            }).assertRight(memory);
        }
    }

    @ParameterizedTest
    @CsvSource({"0.25, 1", "1, 0.25", "4, 0.5", "0, 1", "1, 0"})
    void scalesOfDrawAndConfidenceApart(float drawScale, float confidenceScale) {
        for (var draw : Draw.values()) {
            SampleCase.rows(33, 97, 2).with(c -> {
                c.draw = draw;
                c.drawScale = drawScale;
                c.confidenceScale = confidenceScale;
            }).recorded().assertRight(memory);
        }
    }

    @ParameterizedTest
    @EnumSource
    void largeAndPeakyLogits(Draw draw) {
        SampleCase.rows(33, 257, 1e4).with(c -> c.draw = draw).assertRight(memory);
        SampleCase.rows(33, 257, 1).with(c -> {
            c.draw = draw;
            c.biasStride = 257;
            c.bias = new Seeded().normal(33 * 257, -1e4, 1);
        }).assertRight(memory);
    }

    /** A code as improbable as that enters with 1e-20. */
    @Test
    void theLogarithmHasAFloor() {
        var c = SampleCase.repeated(1, 2, 0, -1000).with(it -> {
            it.draw = Draw.GUMBEL_MAX;
            it.drawScale = 0;
            it.noise = 0;
            it.uDraw = new double[] {0.1, 0.9, 0.9, 0.1};
        });
        c.assertRight(memory);
        var result = c.run(memory);
        assertSame(new int[] {1, 0}, result.codes(), 2);
        assertEquals(Math.log(1e-20), result.confidence()[0], 1e-5);
    }

    // ---- edges ----

    /** cdf(v) < u cdf(V-1): a uniform on a step of the distribution function belongs to the code that ends there. */
    @Test
    void inverseCdfOnAStep() {
        var c = SampleCase.repeated(1, 8, 0, 0, 0, 0).with(it -> it.uDraw = new double[] {0.1, 0.25, 0.2501, 0.5, 0.5001, 0.75, 0.7501, 0.9999});
        assertSame(new int[] {0, 0, 1, 1, 2, 2, 3, 3}, c.run(memory).codes(), 8);
    }

    @Test
    void inverseCdfNearZeroAndOne() {
        for (int vocabulary : new int[] {1, 7, 1024}) {
            var c = SampleCase.rows(4, vocabulary, 1).with(it -> it.uDraw = new double[] {1e-300, 1e-12, 1 - 1e-12, Math.nextDown(1.0)});
            assertSame(new int[] {0, 0, vocabulary - 1, vocabulary - 1}, c.run(memory).codes(), 4);
        }
    }

    @Test
    void codesWithoutProbabilityAreNotDrawn() {
        var c = SampleCase.repeated(1, 4, -2000, 0, -2000, 0, -2000).with(it -> it.uDraw = new double[] {1e-12, 0.49, 0.51, 1 - 1e-9});
        assertSame(new int[] {1, 1, 3, 3}, c.run(memory).codes(), 4);
    }

    @Test
    void gumbelOfUniformsNearZeroAndOne() {
        var c = SampleCase.repeated(1, 4, 0, 0).with(it -> {
            it.uDraw = new double[] {0.5, 0.5, 0.5, 0.5};
            it.uConfidence = new double[] {1e-300, 1e-12, 1 - 1e-12, Math.nextDown(1.0)};
        });
        c.assertRight(memory);
        c.draw = Draw.GUMBEL_MAX;
        c.uDraw = new double[] {1e-300, 1e-12, 1 - 1e-12, 1 - 1e-9, 0.999, 1 - 1e-12, 1e-12, 1e-300};
        c.assertRight(memory);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "INVERSE_CDF")
    void theFirstMaximumWins(Draw draw) {
        for (int vocabulary : new int[] {7, 256, 1030}) {
            for (int first : new int[] {0, 1, vocabulary / 2, vocabulary - 1}) {
                var logits = new float[vocabulary];
                Arrays.fill(logits, first, vocabulary, 2);
                var c = SampleCase.repeated(1, 3, logits).with(it -> {
                    it.draw = draw;
                    it.uDraw = IntStream.range(0, 3 * vocabulary).mapToDouble(i -> 0.3).toArray();
                });
                assertSame(new int[] {first, first, first}, c.run(memory).codes(), 3);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void aRowThatIsNotFiniteGetsNoConfidence(float bad) {
        for (var draw : Draw.values()) {
            for (var rule : Confidence.values()) {
                for (int at : new int[] {0, 50, 96}) {
                    var c = new SampleCase(1, 2, 5, 5, 5, 97, 1).with(it -> {
                        it.draw = draw;
                        it.confidence = rule;
                        it.guidance = 0.5f;
                    });
                    var good = c.run(memory);
                    c.logits[97 + at] = bad; // row 1, conditional
                    c.logits[(5 + 3) * 97 + at] = bad; // row 3, unconditional
                    var result = c.run(memory);
                    for (int row = 0; row < 5; row++) {
                        boolean isBad = row == 1 || row == 3;
                        assertEquals(isBad ? 0 : good.codes()[row], result.codes()[row]);
                        assertEquals(isBad ? -INFINITY : good.confidence()[row], result.confidence()[row]);
                    }
                }
            }
        }
    }

    @Test
    void noMaskedRowWritesNothing() {
        new SampleCase(2, 1, 5, 0, 5, 7, 1).run(memory);
    }

    // ---- the same for every batch and thread count ----

    @ParameterizedTest
    @EnumSource
    void anImageAloneIsTheSameAsInABatchOfFive(Draw draw) {
        var batch = new SampleCase(5, 2, 64, 33, 40, 257, 2).with(c -> {
            c.draw = draw;
            c.guidance = 0.7f;
            c.biasStride = 257;
            c.bias = new Seeded().normal(64 * 257, 1);
        });
        var together = batch.run(memory);
        for (int b = 0; b < 5; b++) {
            var alone = batch.alone(b).run(memory);
            assertSame(alone.codes(), Arrays.copyOfRange(together.codes(), b * 33, (b + 1) * 33), 33);
            assertSame(alone.confidence(), Arrays.copyOfRange(together.confidence(), b * 33, (b + 1) * 33), 33);
        }
    }

    @ParameterizedTest
    @EnumSource
    void oneThreadComputesTheSameAsTwo(Draw draw) {
        var c = new SampleCase(2, 2, 400, 391, 400, 1024, 2).with(it -> it.draw = draw);
        var one = onThreads(1, () -> c.run(memory));
        var two = onThreads(2, () -> c.run(memory));
        assertSame(one.codes(), two.codes(), 2, 391);
        assertSame(one.confidence(), two.confidence(), 2, 391);
    }

    // ---- statistics ----

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "ARGMAX")
    void drawsFollowTheDistribution(Draw draw) {
        float[] logits = {0.3f, -1, 1.5f, 0, 0.9f, -0.4f, 2, -2, 0.1f, 0.2f, 1, -1.5f, 0.7f};
        var c = SampleCase.repeated(16, 4096, logits).with(it -> {
            it.draw = draw;
            it.drawScale = 0.8f;
        });
        var counts = new long[logits.length];
        for (int code : c.run(memory).codes()) {
            counts[code]++;
        }
        ChiSquare.assertFits(counts, Precision.DOUBLE.softmax(Precision.widen(logits), 0.8));
        ChiSquare.assertDoesNotFit(counts, Precision.DOUBLE.softmax(Precision.widen(logits), 0.85));
    }

    /** Neighbouring positions and following steps share no randomness: pairs of draws are independent. */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "ARGMAX")
    void drawsOfPositionsStepsAndImagesAreIndependent(Draw draw) {
        var c = SampleCase.repeated(2, 4096, 0, 0, 0, 0).with(it -> it.draw = draw);
        var now = c.run(memory).codes();
        var next = c.with(it -> it.index++).run(memory).codes();
        var neighbours = new long[16];
        var steps = new long[16];
        var images = new long[16];
        for (int p = 0; p < 4096; p++) {
            neighbours[now[p] * 4 + now[4096 + (p + 1) % 4096]]++;
            steps[now[p] * 4 + next[p]]++;
            images[now[p] * 4 + now[4096 + p]]++;
        }
        var equal = new double[16];
        Arrays.fill(equal, 1 / 16.0);
        ChiSquare.assertFits(neighbours, equal);
        ChiSquare.assertFits(steps, equal);
        ChiSquare.assertFits(images, equal);
    }

    // ---- refusals ----

    private void assertSampleRefused(int status, SampleCase c, String... parts) {
        var call = c.call(memory, memory.outputInts((long) c.images * c.tokens).segment(), memory.outputFloats((long) c.images * c.tokens).segment());
        assertRefused(status, memory, () -> TestLibrary.kernels().sample(call), parts);
    }

    /** With another step block than the case's. */
    private void assertStepRefused(StepBlock step, String... parts) {
        TestLibrary.assumeCpu();
        assertRefused(BAD_ARGUMENT, memory, () -> TestLibrary.kernels().sample(with(small(), memory.input(step))), parts);
    }

    private static SampleCall with(SampleCall call, Memory.Buffer step) {
        return new SampleCall(call.grid(), call.logits(), call.rowCapacity(), call.bias(), call.positions(), call.seeds(), call.uDraw(), call.uConfidence(),
                step.segment(), call.sampled(), call.confidence(), call.draw(), call.noise());
    }

    private SampleCall small() {
        return new SampleCase(1, 1, 5, 3, 4, 7, 1).call(memory, memory.outputInts(5).segment(), memory.outputFloats(5).segment());
    }

    private static StepBlock step(int masked) {
        return new StepBlock(0, masked, 0, Confidence.PROBABILITY, 1, 0, 1, 1, 0);
    }

    @Test
    void refusesMoreMaskedThanRows() {
        assertStepRefused(step(5), "sample", "masked", "5", "4");
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 6})
    void refusesMaskedOutsideTheGrid(int masked) {
        assertStepRefused(step(masked), "sample", "masked", Integer.toString(masked));
    }

    @Test
    void refusesAnUnknownConfidence() {
        TestLibrary.assumeCpu();
        int[] words = new int[(int) StepBlock.BYTES / Integer.BYTES];
        words[1] = 3; // masked
        words[3] = 7; // confidence
        assertRefused(BAD_ARGUMENT, memory, () -> TestLibrary.kernels().sample(with(small(), memory.input(words))), "sample", "confidence", "7");
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 5})
    void refusesAPositionOutsideTheGrid(int position) {
        TestLibrary.assumeCpu();
        assertSampleRefused(BAD_ARGUMENT, new SampleCase(1, 1, 5, 3, 4, 7, 1).with(c -> c.positions[2] = position), "sample", "position",
                Integer.toString(position), "5");
    }

    @Test
    void refusesAnEmptyCodebook() {
        assertSampleRefused(BAD_SHAPE, new SampleCase(1, 1, 5, 3, 4, 0, 1), "sample", "V", "0");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3})
    void refusesNoAndThreeSequencesAnImage(int sequencesPerImage) {
        assertSampleRefused(BAD_ARGUMENT, new SampleCase(1, sequencesPerImage, 5, 3, 4, 7, 1), "sample", "sequences_per_image", Integer.toString(sequencesPerImage));
    }

    /** A good call with other logits, grid or dtype of the noise. */
    private static SampleCall with(SampleCall good, BatchShape grid, Tensor logits, long rowCapacity, Draw draw, Dtype noise) {
        return new SampleCall(grid, logits, rowCapacity, null, good.positions(), good.seeds(), good.uDraw(), good.uConfidence(), good.step(),
                good.sampled(), good.confidence(), draw, noise);
    }

    @Test
    void refusesNegativeSizes() {
        var bad = with(small(), BatchShape.identity(-1, 1, 5), memory.input(new float[0]).matrix(0, 7), 0, Draw.ARGMAX, Dtype.F32);
        assertRefused(BAD_ARGUMENT, memory, () -> TestLibrary.kernels().sample(bad), "sample", "images", "-1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"logits", "positions", "seeds", "step", "sampled", "confidence"})
    void refusesNullPointers(String argument) {
        var good = small();
        var bad = new SampleCall(good.grid(), argument.equals("logits") ? nullMatrix(4, 7) : good.logits(), 4, null,
                nullIf(argument.equals("positions"), good.positions()),
                nullIf(argument.equals("seeds"), good.seeds()), good.uDraw(), good.uConfidence(),
                nullIf(argument.equals("step"), good.step()),
                nullIf(argument.equals("sampled"), good.sampled()),
                nullIf(argument.equals("confidence"), good.confidence()), good.draw(), good.noise());
        assertRefused(BAD_ARGUMENT, memory, () -> TestLibrary.kernels().sample(bad), "sample", argument);
    }

    private static MemorySegment nullIf(boolean isNull, MemorySegment segment) {
        return isNull ? nullOf(segment.byteSize()) : segment;
    }
}
