package io.maskleap.cli;

import java.util.OptionalInt;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * What {@code --budget} says.
 *
 * @param fullSteps how many steps are full; empty: all of them, however many there are
 */
record Budget(OptionalInt fullSteps) {

    /** Number of full steps among {@code steps}. */
    int among(int steps) {
        return fullSteps.orElse(steps);
    }

    /** Reads a whole number or {@code full}. */
    static final class Converter implements ITypeConverter<Budget> {
        @Override
        public Budget convert(String text) {
            if (text.equalsIgnoreCase("full")) {
                return new Budget(OptionalInt.empty());
            }
            try {
                return new Budget(OptionalInt.of(Integer.parseInt(text)));
            } catch (NumberFormatException _) {
                throw new TypeConversionException("wanted a whole number or 'full', got '" + text + "'");
            }
        }
    }
}
