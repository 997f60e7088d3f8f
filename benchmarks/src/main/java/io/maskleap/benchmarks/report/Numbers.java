package io.maskleap.benchmarks.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/** Numbers as files and tables write them. */
final class Numbers {
    private static final int DIGITS = 4;
    private static final double MICROSECONDS_PER_MILLISECOND = 1e3;
    private static final double MICROSECONDS_PER_SECOND = 1e6;

    private Numbers() {
    }

    /** Rounded to four digits, which is more than a measurement has. */
    static double significant(double value) {
        return Double.isFinite(value) ? new BigDecimal(value).round(new MathContext(DIGITS)).doubleValue() : value;
    }

    /** A time with three digits, in µs, ms or s. */
    static String time(double microseconds) {
        if (microseconds >= MICROSECONDS_PER_SECOND) {
            return threeDigits(microseconds / MICROSECONDS_PER_SECOND) + " s";
        }
        return microseconds >= MICROSECONDS_PER_MILLISECOND ? threeDigits(microseconds / MICROSECONDS_PER_MILLISECOND) + " ms" : threeDigits(microseconds) + " µs";
    }

    /** 0.123, 1.23, 12.3, 123. */
    static String threeDigits(double value) {
        int decimals = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }

    /** 61 %. */
    static String percent(double part) {
        return String.format(Locale.ROOT, "%.0f %%", 100 * part);
    }

    /** 0.80x, 1.72x, 17.2x. */
    static String factor(double value) {
        return (value < 1 ? String.format(Locale.ROOT, "%.2f", value) : threeDigits(value)) + "x";
    }
}
