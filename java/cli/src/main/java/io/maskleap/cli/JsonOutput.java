package io.maskleap.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Collection;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** Results for programs: a record as one line of JSON, its components' names in snake_case. */
final class JsonOutput {
    private static final JsonFactory FACTORY = new JsonFactory();

    private JsonOutput() {
    }

    /**
     * Prints {@code result}: of records, collections, optional values (null where empty), strings, numbers, booleans, enums, and
     * what has a {@code toString}.
     */
    static void print(PrintWriter out, Record result) {
        var text = new StringWriter();
        try (var json = FACTORY.createGenerator(ObjectWriteContext.empty(), text)) {
            write(json, result);
        }
        out.println(text);
    }

    private static void write(JsonGenerator json, Object value) {
        switch (value) {
            case null -> json.writeNull();
            case Optional<?> optional -> write(json, optional.orElse(null));
            case Record object -> writeObject(json, object);
            case Collection<?> array -> {
                json.writeStartArray();
                array.forEach(element -> write(json, element));
                json.writeEndArray();
            }
            case Integer number -> json.writeNumber(number);
            case Long number -> json.writeNumber(number);
            case Double number -> json.writeNumber(number);
            case Boolean truth -> json.writeBoolean(truth);
            case Enum<?> name -> json.writeString(name.name().toLowerCase(Locale.ROOT));
            default -> json.writeString(value.toString());
        }
    }

    private static void writeObject(JsonGenerator json, Record object) {
        json.writeStartObject();
        for (var component : object.getClass().getRecordComponents()) {
            json.writeName(snakeCase(component.getName()));
            try {
                write(json, component.getAccessor().invoke(object));
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("cannot read " + component, e);
            }
        }
        json.writeEndObject();
    }

    private static String snakeCase(String name) {
        return name.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
    }
}
