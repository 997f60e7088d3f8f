package io.maskleap.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class AmountsTest {
    @Test
    void threeDigitsAreShown() {
        assertEquals("0 B", Amounts.bytes(0));
        assertEquals("999 B", Amounts.bytes(999));
        assertEquals("1.00 kB", Amounts.bytes(1000));
        assertEquals("11.8 MB", Amounts.bytes(11_815_264));
        assertEquals("100 GB", Amounts.bytes(99_999_999_999L));
        assertEquals("2.95 M", Amounts.count(2_953_000));
        assertEquals("42", Amounts.count(42));
    }
}
