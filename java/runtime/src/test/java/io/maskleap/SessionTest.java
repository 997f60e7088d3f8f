package io.maskleap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.error.MaskleapException;
import io.maskleap.sampling.Randomization;
import io.maskleap.sampling.Schedule;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SessionTest {
    @TempDir
    private static Path folder;
    private static Model model;

    @BeforeAll
    static void open() {
        model = Model.open(TestModels.tiny(folder.resolve("tiny"), true), Device.cpu(2));
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static List<GeneratedImage> generate(Model model, int maxImages, Request request) {
        try (var session = model.newSession(maxImages)) {
            return session.generate(request);
        }
    }

    private static GeneratedImage one(Request request) {
        return generate(model, 1, request).getFirst();
    }

    private static String refusal(Request request) {
        try (var session = model.newSession()) {
            return assertThrows(MaskleapException.class, () -> session.generate(request)).getMessage();
        }
    }

    /** Design decision 9, on the demo: each of five images, in a batch or alone, with one thread or two. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void sameSeedGivesTheSameImageAloneAndInABatch(int threads) {
        List<GeneratedImage> batch;
        try (var twoThreads = Model.open(TestModels.demo(), Device.cpu(2))) {
            batch = generate(twoThreads, 5, Request.ofClass("star").seed(40).count(5));
        }
        try (var demo = Model.open(TestModels.demo(), Device.cpu(threads))) {
            for (int k = 0; k < 5; k++) {
                var alone = generate(demo, 1, Request.ofClass("star").seed(40 + k)).getFirst();
                assertEquals(40 + k, batch.get(k).seed());
                assertArrayEquals(alone.codes(), batch.get(k).codes(), "image " + k);
                assertArrayEquals(alone.image().rgb(), batch.get(k).image().rgb(), "image " + k);
            }
        }
    }

    @Test
    void otherSeedsAndClassesGiveOtherImages() {
        try (var demo = Model.open(TestModels.demo(), Device.cpu(2)); var session = demo.newSession()) {
            var request = Request.ofClass("star").seed(1).steps(4).budget(2);
            var first = session.generate(request).getFirst().codes();
            assertArrayEquals(first, session.generate(request).getFirst().codes());
            assertFalse(Arrays.equals(first, session.generate(request.seed(2)).getFirst().codes()));
            assertFalse(Arrays.equals(first, session.generate(Request.ofClass("heart").seed(1).steps(4).budget(2)).getFirst().codes()));
        }
    }

    @Test
    void imagesComeClassByClassWithConsecutiveSeeds() {
        var images = generate(model, 2, Request.ofClass(3, 1).count(3).seed(-1));
        assertEquals(List.of(3, 3, 3, 1, 1, 1), images.stream().map(GeneratedImage::label).toList());
        assertEquals(List.of(-1L, 0L, 1L, 2L, 3L, 4L), images.stream().map(GeneratedImage::seed).toList());
        assertArrayEquals(one(Request.ofClass(1).seed(4)).codes(), images.get(5).codes());
    }

    @ParameterizedTest
    @EnumSource
    void everyScheduleFillsTheImage(Schedule schedule) {
        assertWhole(one(Request.ofClass(0).schedule(schedule)));
    }

    @ParameterizedTest
    @EnumSource
    void everyRandomizationFillsTheImage(Randomization randomization) {
        assertWhole(one(Request.ofClass(0).randomization(randomization)));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 5, 6, 7, 8})
    void everyBudgetFillsTheImage(int budget) {
        assertWhole(one(Request.ofClass(0).budget(budget)));
    }

    @Test
    void oneStepNoGuidanceAndTemperaturesOfNothing() {
        assertWhole(one(Request.ofClass(0).steps(1)));
        assertWhole(one(Request.ofClass(0).guidance(0)));
        assertWhole(one(Request.ofClass(0).gumbelTemperature(0).logitScale(50)));
    }

    private static void assertWhole(GeneratedImage image) {
        assertEquals(64, image.codes().length);
        assertTrue(Arrays.stream(image.codes()).allMatch(code -> code >= 0 && code < 64), Arrays.toString(image.codes()));
        assertEquals(32, image.image().width());
        assertEquals(32, image.image().height());
    }

    @Test
    void fullStepsOnlyIsTheBudgetOfAllSteps() {
        assertArrayEquals(one(Request.ofClass(0).steps(6).budget(6)).codes(), one(Request.ofClass(0).steps(6).fullStepsOnly()).codes());
    }

    @Test
    void settingsOfAnImageAreWhatItWasMadeWith() {
        var settings = one(Request.ofClass(4).steps(5).guidance(1.5)).settings();
        assertEquals(new GenerationSettings(5, 3, Schedule.ARCCOS, Randomization.LINEAR, 1.5, 1, 7), settings);
    }

    @Test
    void listenerHearsEachStepAndSeesTheImageForm() {
        var kinds = new ArrayList<Boolean>();
        var masked = new ArrayList<Long>();
        try (var session = model.newSession(2)) {
            session.generate(Request.ofClass(1, 2), step -> {
                assertEquals(2, step.images());
                assertEquals(kinds.size(), step.index());
                assertEquals(8, step.steps());
                kinds.add(step.full());
                masked.add(Arrays.stream(step.codes()).filter(code -> code < 0).count());
                assertEquals(2, step.previews().size());
                for (int i = 0; i < 2 * 64; i++) {
                    assertEquals(step.fixed()[i], step.codes()[i] >= 0 && step.sampled()[i] >= 0);
                    if (step.fixed()[i]) {
                        assertEquals(step.sampled()[i], step.codes()[i]);
                    }
                }
            });
        }
        assertEquals(List.of(true, false, false, true, false, true, false, false), kinds);
        assertEquals(List.of(126L, 116L, 104L, 88L, 70L, 48L, 24L, 0L), masked);
    }

    @Test
    void viewOfAStepEndsWithTheListener() {
        var kept = new ArrayList<StepView>();
        try (var session = model.newSession()) {
            session.generate(Request.ofClass(0), kept::add);
        }
        assertThrows(IllegalStateException.class, kept.getFirst()::codes);
    }

    /** What a view reads is the session's memory, which may be gone. */
    @Test
    void viewKeptByAListenerThatThrowsIsRefused() {
        var kept = new ArrayList<StepView>();
        try (var session = model.newSession()) {
            assertThrows(ArithmeticException.class, () -> session.generate(Request.ofClass(0), step -> {
                kept.add(step);
                throw new ArithmeticException("of the listener");
            }));
        }
        assertThrows(IllegalStateException.class, kept.getFirst()::guidedLogits);
    }

    @Test
    void cancelledGenerationEndsAndTheSessionGoesOn() {
        try (var session = model.newSession()) {
            var steps = new ArrayList<Integer>();
            assertThrows(CancelledException.class, () -> session.generate(Request.ofClass(0), step -> {
                steps.add(step.index());
                session.cancel();
            }));
            assertEquals(List.of(0), steps);
            assertWhole(session.generate(Request.ofClass(0)).getFirst());
        }
    }

    @Test
    @Timeout(60)
    void unheardGenerationIsCancelledByAnotherThread() throws InterruptedException {
        try (var session = model.newSession()) {
            var canceller = Thread.ofPlatform().start(() -> {
                while (!Thread.interrupted()) {
                    session.cancel();
                }
            });
            try {
                assertThrows(CancelledException.class, () -> session.generate(Request.ofClass(0).count(1000)));
            } finally {
                canceller.interrupt();
                canceller.join();
            }
            assertWhole(session.generate(Request.ofClass(0)).getFirst());
            assertEquals(QueueTimes.NONE, session.queueTimes(), "the CPU queues nothing");
        }
    }

    @Test
    void sessionClosedByItsListenerEndsTheGeneration() {
        var session = model.newSession();
        assertThrows(CancelledException.class, () -> session.generate(Request.ofClass(0), step -> session.close()));
        assertThrows(IllegalStateException.class, () -> session.generate(Request.ofClass(0)));
    }

    /** The other thread waits for the generation, which ends before its next step. */
    @Test
    @Timeout(60)
    void modelClosedByAnotherThreadWaitsForTheGenerationToEnd(@TempDir Path other) throws InterruptedException {
        var closing = Model.open(TestModels.tiny(other.resolve("model"), true), Device.cpu(1));
        var closer = Thread.ofPlatform().unstarted(closing::close);
        try (var session = closing.newSession()) {
            var steps = new ArrayList<Integer>();
            assertThrows(CancelledException.class, () -> session.generate(Request.ofClass(0), step -> {
                steps.add(step.index());
                closer.start();
                while (closer.getState() != Thread.State.WAITING) {
                    Thread.onSpinWait();
                }
                assertEquals(64, step.codes().length);
            }));
            assertEquals(List.of(0), steps);
        }
        closer.join();
        assertThrows(IllegalStateException.class, closing::newSession);
    }

    @Test
    void modelClosedByAListenerEndsTheGeneration(@TempDir Path other) {
        var closing = Model.open(TestModels.tiny(other.resolve("model"), true), Device.cpu(1));
        var session = closing.newSession();
        assertThrows(CancelledException.class, () -> session.generate(Request.ofClass(0), step -> closing.close()));
        assertThrows(IllegalStateException.class, closing::newSession);
    }

    @Test
    void manyThreadsWithSessionsOfTheirOwnGetTheSameImage() throws Exception {
        var expected = one(Request.ofClass(2).seed(9)).codes();
        try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
            var work = IntStream.range(0, 8).<Callable<int[]>>mapToObj(i -> () -> one(Request.ofClass(2).seed(9)).codes()).toList();
            for (var result : callers.invokeAll(work)) {
                assertArrayEquals(expected, result.get());
            }
        }
    }

    @Test
    void probeRefusesWhatItsNetworksDoNotTake() {
        var probe = model.newProbe();
        var codes = new int[64];
        assertThrows(IllegalArgumentException.class, () -> probe.features(new int[0], new int[0], new boolean[0]));
        assertThrows(IllegalArgumentException.class, () -> probe.features(codes, new int[] {-1}, new boolean[1]));
        assertThrows(IllegalArgumentException.class, () -> probe.features(codes, new int[] {5}, new boolean[1]));
        assertThrows(IllegalArgumentException.class, () -> probe.logits(new float[7]));
        assertThrows(IllegalArgumentException.class, () -> probe.shortcut(new float[0], new int[0], new boolean[0], new float[0]));
        assertThrows(IllegalArgumentException.class, () -> probe.shortcut(new float[2 * 65 * 64], new int[3], new boolean[2 * 65], new float[2]));
        assertThrows(IllegalArgumentException.class, () -> probe.decode(new int[63]));
    }

    @Test
    void memoryGrowsWithTheImages() {
        assertTrue(model.sessionBytes(1) > 0);
        assertTrue(model.sessionBytes(4) > 3 * model.sessionBytes(1) / 2);
        assertNotEquals(model.sessionBytes(1), model.sessionBytes(2));
    }

    @ParameterizedTest
    @CsvSource({
        "5, 'there is no class \"5\"; tiny knows classes by number only, 0 to 4'",
        "-1, 'there is no class \"-1\"; tiny knows classes by number only, 0 to 4'",
    })
    void classOutOfRangeIsNamed(int label, String sentence) {
        assertEquals(sentence, refusal(Request.ofClass(label)));
    }

    @Test
    void unknownClassIsNamedWithTheKnownOnes() {
        try (var demo = Model.open(TestModels.demo(), Device.cpu(1)); var session = demo.newSession()) {
            assertEquals("there is no class \"cat\"; demo knows circle, square, triangle, star, heart, crescent, ring, plus, flower, drop (or by number, 0 to 9)",
                    assertThrows(MaskleapException.class, () -> session.generate(Request.ofClass("cat"))).getMessage());
        }
        assertEquals("there is no class \"cat\"; tiny knows classes by number only, 0 to 4", refusal(Request.ofClass("cat")));
    }

    @Test
    void requestsThatCannotBeFulfilledAreNamed() {
        assertEquals("the request names no class", refusal(Request.ofClass(new int[0])));
        assertTrue(refusal(Request.ofClass(0).steps(0)).startsWith("steps is 0"));
        assertTrue(refusal(Request.ofClass(0).budget(9)).startsWith("budget is 9"));
        assertTrue(refusal(Request.ofClass(0).guidance(Double.NaN)).startsWith("guidance is NaN"));
        assertTrue(refusal(Request.ofClass(0).steps(60).fullStepsOnly()).startsWith("the 64 tokens run out"));
        assertTrue(assertThrows(MaskleapException.class, () -> Request.ofClass(0).count(0)).getMessage().startsWith("count is 0"));
        assertTrue(assertThrows(MaskleapException.class, () -> model.newSession(0)).getMessage().startsWith("a session's images are 0"));
    }

    @Test
    void modelWithoutShortcutTakesFullStepsOnly(@TempDir Path other) {
        try (var plain = Model.open(TestModels.tiny(other.resolve("model"), false), Device.cpu(1)); var session = plain.newSession()) {
            assertTrue(session.generate(Request.ofClass(0)).getFirst().settings().fullStepsOnly());
            assertEquals("budget is 3 of 8 steps, but model tiny has no shortcut; ask for full steps only",
                    assertThrows(MaskleapException.class, () -> session.generate(Request.ofClass(0).budget(3))).getMessage());
        }
    }
}
