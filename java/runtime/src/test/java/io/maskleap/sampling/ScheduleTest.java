package io.maskleap.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.weights.Json;
import io.maskleap.weights.JsonObject;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Token counts per step against the reference's tables. */
class ScheduleTest {
    private static Stream<String> recorded() {
        return tables().keys().stream();
    }

    private static JsonObject tables() {
        return Json.read(Path.of(System.getProperty("maskleap.fixtures"), "maskgit-schedules.json")).getObject("tokens_per_step");
    }

    @ParameterizedTest
    @MethodSource("recorded")
    void countsAreTheReferences(String key) {
        var parts = key.split("-");
        var expected = tables().getInts(key).stream().mapToInt(Integer::intValue).toArray();
        assertArrayEquals(expected, Schedule.valueOf(parts[0].toUpperCase(Locale.ROOT)).tokensPerStep(Integer.parseInt(parts[1]), Integer.parseInt(parts[2])));
    }

    @ParameterizedTest
    @EnumSource
    void oneStepTakesAll(Schedule schedule) {
        assertArrayEquals(new int[] {1024}, schedule.tokensPerStep(1, 1024));
    }

    /** With many steps the last counts of the formula fall below zero. */
    @ParameterizedTest
    @EnumSource
    void noCountIsNegativeAndNothingIsLeft(Schedule schedule) {
        for (int steps = 2; steps <= 150; steps++) {
            var counts = schedule.tokensPerStep(steps, 64);
            assertEquals(64, Arrays.stream(counts).sum(), steps + " steps");
            assertTrue(Arrays.stream(counts).allMatch(count -> count >= 0), steps + " steps: " + Arrays.toString(counts));
        }
    }

    @Test
    void arccosAt8x8RunsOutFrom33Steps() {
        assertEquals(0, Arrays.stream(Schedule.ARCCOS.tokensPerStep(32, 64)).filter(count -> count == 0).count());
        assertTrue(Arrays.stream(Schedule.ARCCOS.tokensPerStep(33, 64)).anyMatch(count -> count == 0));
    }
}
