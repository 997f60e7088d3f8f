package io.maskleap.cli;

import java.util.Locale;

/** Large numbers for people. */
final class Amounts {
    private static final String[] PREFIXES = {"", "k", "M", "G", "T"};

    private Amounts() {
    }

    /** Such as {@code 11.8 MB}, decimal. */
    static String bytes(long bytes) {
        return amount(bytes, "B");
    }

    /** Such as {@code 2.95 M}. */
    static String count(long count) {
        return amount(count, "").strip();
    }

    private static String amount(double value, String unit) {
        int prefix = 0;
        while (value >= 999.5 && prefix < PREFIXES.length - 1) {
            value /= 1000;
            prefix++;
        }
        int decimals = prefix == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
        return String.format(Locale.ROOT, "%." + decimals + "f %s%s", value, PREFIXES[prefix], unit);
    }
}
