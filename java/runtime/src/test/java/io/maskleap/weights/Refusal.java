package io.maskleap.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.error.MaskleapException;
import org.junit.jupiter.api.function.Executable;

/** Asserts that bad input ends in one sentence, and in which. */
final class Refusal {
    private Refusal() {}

    static void assertRefused(String sentence, Executable action) {
        assertEquals(sentence, messageOf(action));
    }

    static void assertRefusedWith(String part, Executable action) {
        var message = messageOf(action);
        assertTrue(message.contains(part), () -> "wanted \"" + part + "\" in: " + message);
    }

    private static String messageOf(Executable action) {
        var message = assertThrows(MaskleapException.class, action).getMessage();
        assertTrue(message.lines().count() == 1, () -> "wanted one line: " + message);
        return message;
    }
}
