package io.maskleap.weights;

import static io.maskleap.weights.Refusal.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Utf8Test {

    /** The last of them is what a lenient decoder replaces bad bytes by; a file may hold it itself. */
    @Test
    void decodesEveryLength() {
        for (var text : new String[] {"", "a", "\u00fc", "\u20ac", "\ud83d\udc38", "\ufffd", "\ufffd".repeat(10_000)}) {
            assertEquals(text, Utf8.decode("f", MemorySegment.ofArray(text.getBytes(StandardCharsets.UTF_8))));
        }
    }

    /** Cut off, without a start, overlong, half a character, beyond Unicode, no UTF-8 at all. */
    @ParameterizedTest
    @ValueSource(strings = {"c3", "61e282", "80", "c080", "e08080", "eda080", "f4908080", "ff", "efbfbdff"})
    void refusesWhatIsNot(String hex) {
        assertRefused("f: holds text that is not UTF-8",
                () -> Utf8.decode("f", MemorySegment.ofArray(HexFormat.of().parseHex(hex))));
    }
}
