package io.maskleap.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.maskleap.error.MaskleapException;
import org.junit.jupiter.api.function.Executable;

/** Asserts that bad input ends in one sentence, and in which. */
final class Refusal {
    private Refusal() {
    }

    static void assertRefused(String sentence, Executable action) {
        assertEquals(sentence, assertThrows(MaskleapException.class, action).getMessage());
    }
}
