package io.maskleap.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.maskleap.GenerationSettings;
import io.maskleap.ModelInfo;
import io.maskleap.error.MaskleapException;
import io.maskleap.sampling.Randomization;
import io.maskleap.sampling.Schedule;
import java.util.List;
import org.junit.jupiter.api.Test;

class ClassNamesTest {
    private static ModelInfo model(int classes, String... names) {
        return new ModelInfo("demo", List.of(names), classes, 64, 16, 256, 192, true,
                new GenerationSettings(16, 5, Schedule.ARCCOS, Randomization.LINEAR, 2.5, 1, 7));
    }

    @Test
    void classesGoByNameOrNumberInTheOrderAskedFor() {
        assertArrayEquals(new int[] {2, 0, 1}, ClassNames.labels(model(3, "circle", "square", "star"), List.of("star", "0", "square")));
    }

    @Test
    void nameComesBeforeNumber() {
        assertArrayEquals(new int[] {0, 2}, ClassNames.labels(model(3, "1", "0", "star"), List.of("1", "2")));
    }

    @Test
    void allAreAllNumbers() {
        assertArrayEquals(new int[] {0, 1, 2}, ClassNames.all(model(3)));
    }

    @Test
    void unknownClassIsToldWithTheKnownOnes() {
        var named = model(3, "circle", "square", "star");
        assertSentence("there is no class \"blob\"; demo knows circle, square, star (or by number, 0 to 2)", named, "blob");
        assertSentence("there is no class \"3\"; demo knows circle, square, star (or by number, 0 to 2)", named, "3");
        assertSentence("there is no class \"-1\"; demo knows classes by number only, 0 to 999", model(1000), "-1");
    }

    @Test
    void noClassIsToldWithTheKnownOnes() {
        assertSentence("which class? demo knows circle, square (or by number, 0 to 1)", model(2, "circle", "square"));
    }

    private static void assertSentence(String sentence, ModelInfo model, String... asked) {
        assertEquals(sentence, assertThrows(MaskleapException.class, () -> ClassNames.labels(model, List.of(asked))).getMessage());
    }
}
