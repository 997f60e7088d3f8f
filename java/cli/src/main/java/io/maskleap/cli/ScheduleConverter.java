package io.maskleap.cli;

import io.maskleap.sampling.Schedule;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a schedule's name. */
final class ScheduleConverter implements ITypeConverter<Schedule> {
    @Override
    public Schedule convert(String text) {
        try {
            return Schedule.valueOf(text.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException _) {
            throw new TypeConversionException("wanted arccos, root, linear, square or cosine, got '" + text + "'");
        }
    }
}
