package io.maskleap.kernel;

import static io.maskleap.kernel.Comparison.assertSame;
import static io.maskleap.kernel.Refusal.BAD_ARGUMENT;
import static io.maskleap.kernel.Refusal.assertRefused;
import static io.maskleap.kernel.Refusal.nullOf;
import static io.maskleap.kernel.TestLibrary.onThreads;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.maskleap.kernel.Memory.Buffer;
import io.maskleap.kernel.SampleCall.Draw;
import io.maskleap.kernel.StepBlock.Confidence;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SelectTest {
    private static final float NAN = Float.NaN;
    private static final float INFINITY = Float.POSITIVE_INFINITY;

    @AutoClose
    private final Memory memory = new Memory();

    /** Sequences of {@code tokens + 1} ids; {@code positionRows} is null where grid positions are rows. */
    private record Case(int images, int sequencesPerImage, int tokens, int masked, int toFix, int idOffset, int[] sampled, float[] confidence, int[] positions,
            int[] positionRows) {

        static Case random(int images, int sequencesPerImage, int tokens, int masked, int toFix) {
            var seeded = new Seeded();
            var positions = new int[images * tokens];
            for (int b = 0; b < images; b++) {
                System.arraycopy(seeded.ascending(masked, tokens), 0, positions, b * tokens, masked);
            }
            return new Case(images, sequencesPerImage, tokens, masked, toFix, 0, seeded.ints((long) images * tokens, 1024), seeded.normal((long) images * tokens, 3),
                    positions, null);
        }

        /** One image whose rows have these confidences. */
        static Case of(int toFix, float... confidence) {
            var random = random(1, 1, confidence.length + 3, confidence.length, toFix);
            return random.withConfidence(Arrays.copyOf(confidence, confidence.length + 3));
        }

        Case withConfidence(float... values) {
            return new Case(images, sequencesPerImage, tokens, masked, toFix, idOffset, sampled, values, positions, positionRows);
        }

        /** Codes begin at {@code offset} among the ids, and each sequence has rows in an order of its own. */
        Case withIdOffsetAndRows(int offset) {
            var seeded = new Seeded();
            var rows = new int[sequencesPerImage * tokens];
            for (int g = 0; g < sequencesPerImage; g++) {
                System.arraycopy(seeded.permutation(tokens + 1), 0, rows, g * tokens, tokens);
            }
            return new Case(images, sequencesPerImage, tokens, masked, toFix, offset, sampled, confidence, positions, rows);
        }

        Case alone(int b) {
            int from = b * tokens;
            return new Case(1, sequencesPerImage, tokens, masked, toFix, idOffset, Arrays.copyOfRange(sampled, from, from + tokens),
                    Arrays.copyOfRange(confidence, from, from + tokens), Arrays.copyOfRange(positions, from, from + tokens), positionRows);
        }

        int row(int sequence, int position) {
            return positionRows == null ? position : positionRows[sequence * tokens + position];
        }

        /** The sequences lie in {@code ids} from the last to the first. */
        int idStart(int sequence) {
            return (images * sequencesPerImage - 1 - sequence) * (tokens + 1);
        }

        StepBlock step() {
            return new StepBlock(0, masked, toFix, Confidence.PROBABILITY, 1, 0, 1, 1, 0);
        }
    }

    /** What a selection has written; {@code positions} holds what is still masked, image after image. */
    private record Result(int[] codes, int[] ids, int[] newCodes, int[] newPositions, int[] newCounts, int[] positions) {
        /** Equal bit for bit, so poison must stay poison. */
        void assertSameAs(Result expected) {
            assertSame(expected.newPositions, newPositions, newPositions.length);
            assertSame(expected.newCodes, newCodes, newCodes.length);
            assertSame(expected.newCounts, newCounts, newCounts.length);
            assertSame(expected.positions, positions, positions.length);
            assertSame(expected.codes, codes, codes.length);
            assertSame(expected.ids, ids, ids.length);
        }
    }

    /** The header's words: sort by confidence, then position; fix the first. */
    private Result expected(Case c) {
        int cells = c.images * c.tokens;
        var result = new Result(poison(cells), poison(c.images * c.sequencesPerImage * (c.tokens + 1)), poison(cells), poison(cells), poison(c.images),
                new int[c.images * (c.masked - c.toFix)]);
        for (int b = 0; b < c.images; b++) {
            int image = b;
            int first = b * c.tokens;
            var best = IntStream.range(0, c.masked).boxed().sorted(Comparator
                    .comparingDouble((Integer j) -> -rank(c.confidence[first + j]))
                    .thenComparingInt(j -> c.positions[first + j])).toList();
            var fixed = best.subList(0, c.toFix).stream().sorted(Comparator.comparingInt(j -> c.positions[first + j])).toList();
            for (int i = 0; i < c.toFix; i++) {
                int position = c.positions[first + fixed.get(i)];
                int code = c.sampled[first + fixed.get(i)];
                result.codes[first + position] = code;
                result.newCodes[first + i] = code + c.idOffset;
                result.newPositions[first + i] = position;
                for (int g = 0; g < c.sequencesPerImage; g++) {
                    result.ids[c.idStart(b * c.sequencesPerImage + g) + c.row(g, position)] = code + c.idOffset;
                }
            }
            result.newCounts[b] = c.toFix;
            var left = best.subList(c.toFix, c.masked).stream().mapToInt(j -> c.positions[image * c.tokens + j]).sorted().toArray();
            System.arraycopy(left, 0, result.positions, b * left.length, left.length);
        }
        return result;
    }

    /** NaN counts as -infinity; zeros of both signs are equal. */
    private static double rank(float confidence) {
        return Float.isNaN(confidence) ? Double.NEGATIVE_INFINITY : confidence + 0.0;
    }

    private int[] poison(int n) {
        return memory.outputInts(n).ints();
    }

    private Result run(Case c) {
        int cells = c.images * c.tokens;
        Buffer codes = memory.outputInts(cells);
        Buffer ids = memory.outputInts((long) c.images * c.sequencesPerImage * (c.tokens + 1));
        Buffer newCodes = memory.outputInts(cells);
        Buffer newPositions = memory.outputInts(cells);
        Buffer newCounts = memory.outputInts(c.images);
        Buffer positions = memory.inPlace(c.positions);
        var idStarts = IntStream.range(0, c.images * c.sequencesPerImage).map(c::idStart).toArray();
        var grid = new BatchShape(c.images, c.sequencesPerImage, c.tokens, c.positionRows == null ? MemorySegment.NULL : memory.input(c.positionRows).segment());
        TestLibrary.kernels().select(new SelectCall(grid, memory.input(c.sampled).segment(), memory.input(c.confidence).segment(), positions.segment(),
                codes.segment(), ids.segment(), memory.input(idStarts).segment(), newCodes.segment(), newPositions.segment(), newCounts.segment(),
                memory.input(c.step()).segment(), c.idOffset));
        int[] allPositions = positions.ints();
        var left = IntStream.range(0, c.images)
                .flatMap(b -> Arrays.stream(allPositions, b * c.tokens, b * c.tokens + c.masked - c.toFix)).toArray();
        return new Result(codes.ints(), ids.ints(), newCodes.ints(), newPositions.ints(), newCounts.ints(), left);
    }

    private void assertRight(Case c) {
        run(c).assertSameAs(expected(c));
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1, 1, 1", "1, 1, 97, 97, 20", "3, 2, 257, 100, 33", "2, 2, 1024, 1024, 1023", "5, 2, 256, 17, 1",
            "1, 1, 4096, 4000, 2000", "0, 2, 8, 4, 2"})
    void theMostConfidentAreFixed(int images, int sequencesPerImage, int tokens, int masked, int toFix) {
        var c = Case.random(images, sequencesPerImage, tokens, masked, toFix);
        assertRight(c);
        assertRight(c.withIdOffsetAndRows(126356));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 32, 33})
    void noneOneAndAll(int toFix) {
        assertRight(Case.random(2, 2, 64, 33, toFix));
    }

    @Test
    void noMaskedTokenLeft() {
        assertRight(Case.random(2, 1, 64, 0, 0));
    }

    // ---- ties ----

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 50, 96, 97})
    void equalConfidencesGoByPosition(int toFix) {
        var equal = new float[97];
        Arrays.fill(equal, -2.5f);
        assertRight(Case.of(toFix, equal));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 10, 40, 200})
    void manyTiesAtTheCut(int toFix) {
        var seeded = new Seeded();
        var few = new float[257];
        var levels = seeded.ints(257, 4);
        for (int j = 0; j < few.length; j++) {
            few[j] = levels[j] - 2;
        }
        assertRight(Case.of(toFix, few));
    }

    @Test
    void zerosOfBothSignsAreEqual() {
        for (int toFix = 0; toFix <= 6; toFix++) {
            assertRight(Case.of(toFix, -0f, 0f, 1, -0f, 0f, -1));
        }
    }

    @Test
    void notANumberCountsAsMinusInfinity() {
        for (int toFix = 0; toFix <= 8; toFix++) {
            assertRight(Case.of(toFix, NAN, 0, -INFINITY, NAN, INFINITY, -INFINITY, -Float.MAX_VALUE, NAN));
        }
        float negativeNan = Float.intBitsToFloat(0xffc00001);
        assertRight(Case.of(2, negativeNan, -INFINITY, negativeNan, NAN));
        assertRight(Case.of(1, NAN, -Float.MAX_VALUE));
    }

    @Test
    void valuesNextToEachOtherAndOfEveryMagnitude() {
        float[] close = {1, Math.nextUp(1f), Math.nextDown(1f), 1, Math.nextUp(1f), Float.MIN_VALUE,
                0, -Float.MIN_VALUE, Float.MAX_VALUE, -Float.MAX_VALUE, 1e-20f, -1e20f};
        for (int toFix = 0; toFix <= close.length; toFix++) {
            assertRight(Case.of(toFix, close));
        }
    }

    @Test
    void ascendingAndDescendingConfidences() {
        var ascending = new float[1025];
        for (int j = 0; j < ascending.length; j++) {
            ascending[j] = j - 500;
        }
        assertRight(Case.of(513, ascending));
        for (int j = 0; j < ascending.length; j++) {
            ascending[j] = -ascending[j];
        }
        assertRight(Case.of(513, ascending));
    }

    // ---- calls ----

    @Test
    void idsMayBeMissing() {
        var c = Case.random(2, 2, 20, 10, 4);
        var newPositions = memory.outputInts(40);
        var codes = memory.outputInts(40);
        TestLibrary.kernels().select(new SelectCall(BatchShape.identity(2, 2, 20), memory.input(c.sampled).segment(), memory.input(c.confidence).segment(),
                memory.inPlace(c.positions).segment(), codes.segment(), MemorySegment.NULL, memory.input(new int[4]).segment(),
                memory.outputInts(40).segment(), newPositions.segment(), memory.outputInts(2).segment(), memory.input(c.step()).segment(), 0));
        assertSame(expected(c).newPositions, newPositions.ints(), 2, 20);
        assertSame(expected(c).codes, codes.ints(), 2, 20);
    }

    @Test
    void anImageAloneIsTheSameAsInABatchOfFive() {
        var batch = Case.random(5, 2, 64, 33, 10);
        var together = run(batch);
        for (int b = 0; b < 5; b++) {
            var alone = run(batch.alone(b));
            assertSame(alone.newPositions, Arrays.copyOfRange(together.newPositions, b * 64, (b + 1) * 64), 64);
            assertSame(alone.codes, Arrays.copyOfRange(together.codes, b * 64, (b + 1) * 64), 64);
        }
    }

    @Test
    void oneThreadComputesTheSameAsTwo() {
        var c = Case.random(9, 2, 4096, 4000, 1000);
        onThreads(2, () -> run(c)).assertSameAs(onThreads(1, () -> run(c)));
    }

    // ---- statistics ----

    /**
     * Candidates of known probability and Gumbel noise of weight w on its logarithm: the selection takes one after the
     * other with chances proportional to p^(1/w). Sampler and selection run as in a step, over many seeds; every
     * set of two of five is counted. Source: Yellott 1977 (Gumbel noise and the choice axiom of Luce).
     */
    @ParameterizedTest
    @ValueSource(floats = {1, 0.5f, 3})
    void selectionWithGumbelNoiseIncludesByPlackettAndLuce(float noise) {
        float[] margins = {0.2f, 1, 2, 0.6f, 3}; // logits (margin, 0): p = sigmoid(margin) of code 0
        int candidates = margins.length;
        int images = 30_000;
        var sampler = new SampleCase(images, 1, candidates, candidates, candidates, 2, 0).with(c -> {
            c.draw = Draw.ARGMAX;
            c.confidence = Confidence.LOG_PROBABILITY;
            c.noise = noise;
            for (int row = 0; row < images * candidates; row++) {
                c.logits[2 * row] = margins[row % candidates];
            }
        });
        var confidence = sampler.run(memory).confidence();
        var chosen = run(new Case(images, 1, candidates, candidates, 2, 0, new int[images * candidates], confidence, sampler.positions, null)).newPositions;

        var weights = new double[candidates];
        for (int j = 0; j < candidates; j++) {
            weights[j] = Math.pow(Precision.DOUBLE.sigmoid(margins[j]), 1 / noise);
        }
        var pairs = new long[candidates * (candidates - 1) / 2];
        for (int b = 0; b < images; b++) {
            pairs[pair(chosen[b * candidates], chosen[b * candidates + 1])]++;
        }
        var probabilities = new double[pairs.length];
        double sum = Arrays.stream(weights).sum();
        for (int i = 0; i < candidates; i++) {
            for (int j = 0; j < candidates; j++) {
                if (i != j) {
                    probabilities[pair(Math.min(i, j), Math.max(i, j))] += weights[i] / sum * weights[j] / (sum - weights[i]);
                }
            }
        }
        ChiSquare.assertFits(pairs, probabilities);
        assertInclusionFrequencies(pairs, probabilities, candidates, images);
    }

    private static void assertInclusionFrequencies(long[] pairs, double[] probabilities, int candidates, int images) {
        for (int i = 0; i < candidates; i++) {
            double included = 0;
            double probability = 0;
            for (int j = 0; j < candidates; j++) {
                if (i != j) {
                    included += pairs[pair(Math.min(i, j), Math.max(i, j))];
                    probability += probabilities[pair(Math.min(i, j), Math.max(i, j))];
                }
            }
            double deviation = Math.sqrt(probability * (1 - probability) / images);
            assertEquals(probability, included / images, 4 * deviation, "inclusion of candidate " + i);
        }
    }

    /** The number of the pair low < high. */
    private static int pair(int low, int high) {
        return high * (high - 1) / 2 + low;
    }

    // ---- refusals ----

    private final Case small = Case.random(1, 1, 5, 3, 2);

    private enum Argument { SAMPLED, CONFIDENCE, POSITIONS, CODES, ID_OFFSETS, NEW_CODES, NEW_POSITIONS, NEW_COUNTS, STEP }

    /** Buffers of a good call, of which a test replaces one. */
    private final Map<Argument, MemorySegment> arguments = new EnumMap<>(Map.of(
            Argument.SAMPLED, memory.input(small.sampled).segment(),
            Argument.CONFIDENCE, memory.input(small.confidence).segment(),
            Argument.POSITIONS, memory.inPlace(small.positions).segment(),
            Argument.CODES, memory.outputInts(5).segment(),
            Argument.ID_OFFSETS, memory.input(0).segment(),
            Argument.NEW_CODES, memory.outputInts(5).segment(),
            Argument.NEW_POSITIONS, memory.outputInts(5).segment(),
            Argument.NEW_COUNTS, memory.outputInts(1).segment(),
            Argument.STEP, memory.input(small.step()).segment()));

    private void assertSelectRefused(Argument replaced, MemorySegment with, String... parts) {
        arguments.put(replaced, with);
        assertSelectRefused(BatchShape.identity(1, 1, 5), parts);
    }

    private void assertSelectRefused(BatchShape grid, String... parts) {
        var call = new SelectCall(grid, arguments.get(Argument.SAMPLED), arguments.get(Argument.CONFIDENCE), arguments.get(Argument.POSITIONS),
                arguments.get(Argument.CODES), memory.outputInts(5).segment(), arguments.get(Argument.ID_OFFSETS), arguments.get(Argument.NEW_CODES),
                arguments.get(Argument.NEW_POSITIONS), arguments.get(Argument.NEW_COUNTS), arguments.get(Argument.STEP), 0);
        var operationAndParts = Stream.concat(Stream.of("select"), Stream.of(parts)).toArray(String[]::new);
        assertRefused(BAD_ARGUMENT, memory, () -> TestLibrary.kernels().select(call), operationAndParts);
    }

    private MemorySegment step(int masked, int toFix) {
        return memory.input(new StepBlock(0, masked, toFix, Confidence.PROBABILITY, 1, 0, 1, 1, 0)).segment();
    }

    @ParameterizedTest
    @CsvSource({"3, 4", "0, 1", "3, -1"})
    void refusesToFixMoreThanAreMaskedOrLessThanNothing(int masked, int toFix) {
        TestLibrary.assumeCpu();
        assertSelectRefused(Argument.STEP, step(masked, toFix), "to_fix", Integer.toString(toFix), Integer.toString(masked));
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 6})
    void refusesMaskedOutsideTheGrid(int masked) {
        TestLibrary.assumeCpu();
        assertSelectRefused(Argument.STEP, step(masked, 0), "masked", Integer.toString(masked));
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 5})
    void refusesAPositionOutsideTheGrid(int position) {
        TestLibrary.assumeCpu();
        assertSelectRefused(Argument.POSITIONS, memory.inPlace(0, 1, position, 0, 0).segment(), "position", Integer.toString(position), "5");
    }

    @Test
    void refusesNegativeSizes() {
        assertSelectRefused(BatchShape.identity(-1, 1, 5), "images", "-1");
        assertSelectRefused(BatchShape.identity(1, 1, -5), "tokens", "-5");
    }

    @Test
    void refusesNoSequences() {
        assertSelectRefused(BatchShape.identity(1, 0, 5), "sequences_per_image", "0");
    }

    @ParameterizedTest
    @EnumSource
    void refusesNullPointers(Argument argument) {
        assertSelectRefused(argument, nullOf(40), argument.name().toLowerCase(Locale.ROOT));
    }
}
