package io.maskleap.error;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class MaskleapExceptionTest {

    @Test
    void keepsASentence() {
        assertEquals("é.pth: tensor \"ü\" 🐸 is missing", message("é.pth: tensor \"ü\" 🐸 is missing"));
    }

    @Test
    void staysOnOneLine() {
        assertEquals("f: no tensor a\\u{a}b\\u{d}c\\u{2028}d", message("f: no tensor a\nb\rc\u2028d"));
    }

    @Test
    void doesNotSteerATerminal() {
        assertEquals("f: no tensor \\u{1b}[2J\\u{202e}x\\u{0}\\u{d800}", message("f: no tensor \u001b[2J\u202ex\0\ud800"));
    }

    @Test
    void leavesOutTheMiddleOfWhatIsEndless() {
        var message = message("f: " + "x".repeat(1 << 20) + " is wrong");
        assertTrue(message.length() < 2000);
        assertTrue(message.startsWith("f: xx"));
        assertTrue(message.endsWith("x is wrong"));
    }

    private static String message(String sentence) {
        return new MaskleapException(sentence).getMessage();
    }
}
