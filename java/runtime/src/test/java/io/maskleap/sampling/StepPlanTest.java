package io.maskleap.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.error.MaskleapException;
import io.maskleap.weights.Json;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StepPlanTest {
    @Test
    void fullStepsAreTheReferences() {
        var tables = Json.read(Path.of(System.getProperty("maskleap.fixtures"), "maskgit-schedules.json")).getObject("full_steps");
        assertFalse(tables.keys().isEmpty());
        for (var key : tables.keys()) {
            var parts = key.substring(1).split("-B");
            assertEquals(tables.getInts(key), List.copyOf(StepPlan.fullSteps(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]))), key);
        }
    }

    @Test
    void budgetOfAllStepsMakesAllFull() {
        var plan = StepPlan.of(Schedule.ARCCOS, 16, 16, 256);
        assertTrue(plan.steps().stream().allMatch(StepPlan.Step::full));
        assertFalse(plan.usesShortcut());
    }

    @Test
    void oneStepFixesEverything() {
        var plan = StepPlan.of(Schedule.ARCCOS, 1, 1, 256);
        assertEquals(List.of(new StepPlan.Step(0, true, 256, 256)), plan.steps());
        assertEquals(1, plan.progress(plan.steps().getFirst()));
    }

    @Test
    void planStopsWhereNoTokenIsLeft() {
        var plan = StepPlan.of(Schedule.ARCCOS, 60, 2, 64);
        assertTrue(plan.steps().size() < 60);
        var last = plan.steps().getLast();
        assertEquals(last.masked(), last.toFix());
        assertTrue(plan.steps().stream().allMatch(step -> step.toFix() > 0));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, steps is 0",
        "-3, 2, steps is -3",
        "16, 0, budget is 0",
        "16, 1, budget is 1",
        "16, 17, budget is 17",
        "16, -1, budget is -1",
        "1, 2, budget is 2",
    })
    void stepsAndBudgetOutOfRangeAreNamed(int steps, int budget, String start) {
        var e = assertThrows(MaskleapException.class, () -> StepPlan.of(Schedule.ARCCOS, steps, budget, 256));
        assertTrue(e.getMessage().startsWith(start + ", wanted"), e.getMessage());
    }

    @Test
    void fullStepThatIsNeverReachedIsNamed() {
        var e = assertThrows(MaskleapException.class, () -> StepPlan.of(Schedule.ARCCOS, 60, 60, 64));
        assertTrue(e.getMessage().matches("the 64 tokens run out after \\d+ of 60 steps, before full step 59; .*"), e.getMessage());
    }
}
