package io.maskleap.cli;

import io.maskleap.Precision;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

final class PrecisionConverter implements ITypeConverter<Precision> {
    @Override
    public Precision convert(String text) {
        for (var precision : Precision.values()) {
            if (precision.toString().equals(text)) {
                return precision;
            }
        }
        throw new TypeConversionException("wanted f32 or bf16, got '" + text + "'");
    }
}
