package io.maskleap.cli;

import io.maskleap.sampling.Randomization;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a randomization, in our spelling or the reference implementation's. */
final class RandomizationConverter implements ITypeConverter<Randomization> {
    @Override
    public Randomization convert(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "linear" -> Randomization.LINEAR;
            case "warm-up", "warm_up" -> Randomization.WARM_UP;
            case "random" -> Randomization.RANDOM;
            case "none", "no" -> Randomization.NONE;
            default -> throw new TypeConversionException("wanted linear, warm-up, random or none, got '" + text + "'");
        };
    }
}
