package io.maskleap.cli;

import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A number; also NaN and infinity, however they are spelled, for the runtime to say that it wants finite ones. */
final class NumberConverter implements ITypeConverter<Double> {
    @Override
    public Double convert(String value) {
        return switch (value.toLowerCase(Locale.ROOT)) {
            case "nan" -> Double.NaN;
            case "inf", "+inf", "infinity" -> Double.POSITIVE_INFINITY;
            case "-inf", "-infinity" -> Double.NEGATIVE_INFINITY;
            default -> number(value);
        };
    }

    private static double number(String value) {
        try {
            return Double.parseDouble(value);
        } catch (NumberFormatException e) {
            throw new TypeConversionException("wanted a number, got '" + value + "'");
        }
    }
}
