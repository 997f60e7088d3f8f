package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.io.StringWriter;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.PrettyPrinter;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.core.util.Separators;

/**
 * Strict JSON (RFC 8259) to and from plain trees.
 *
 * <p>A tree is made of {@link Map} (in the file's order), {@link List}, {@link String}, {@link Long},
 * {@link Double}, {@link Boolean} and {@code null}. An integer beyond 64 bits becomes a Double: Hugging
 * Face writes 1e30 with all its digits where it means "no limit". Duplicate keys, comments, NaN, a second
 * value after the first and nesting beyond 100 levels are refused.
 */
public final class Json {
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(Limits.NESTING_LEVELS)
                    .maxNameLength(Limits.JSON_NAME_CHARS)
                    .maxStringLength(Limits.JSON_STRING_CHARS)
                    .maxNumberLength(Limits.JSON_NUMBER_CHARS)
                    .build())
            .build();

    private Json() {}

    /** The object in a UTF-8 file. */
    public static JsonObject read(Path path) {
        return parseObject(path.toString(), Utf8.read(path));
    }

    /** The object in {@code text}; {@code origin} (a path) begins every error's sentence. */
    public static JsonObject parseObject(String origin, String text) {
        return JsonObject.of(origin, parse(origin, text));
    }

    /** The object in UTF-8 text; errors as {@link #parseObject(String, String)}, and where it is not UTF-8. */
    public static JsonObject parseObject(String origin, MemorySegment utf8) {
        return parseObject(origin, Utf8.decode(origin, utf8));
    }

    /**
     * The tree of {@code text}; {@code origin} (a path) begins the error's sentence.
     *
     * @throws MaskleapException where the text is not strict JSON, with line and column
     */
    public static Object parse(String origin, String text) {
        try (var parser = FACTORY.createParser(ObjectReadContext.empty(), text)) {
            return new JsonReader(origin, parser).read();
        } catch (JacksonException e) {
            var problem = e.getOriginalMessage().replaceAll("\\s+", " ");
            throw new MaskleapException(JsonReader.notValid(origin, e.getLocation(), problem), e);
        }
    }

    /** {@code tree} on one line, with no spaces. */
    public static String compact(Object tree) {
        return write(tree, ObjectWriteContext.empty());
    }

    /** {@code tree} with two spaces per level and a line feed at the end, the same on every system. */
    public static String pretty(Object tree) {
        return write(tree, new PrettyContext()) + "\n";
    }

    /** Writes {@link #pretty} to a file, which appears whole or not at all. */
    public static void write(Path path, Object tree) {
        var text = pretty(tree);
        AtomicFile.write(path, output -> output.write(MemorySegment.ofArray(text.getBytes(StandardCharsets.UTF_8))));
    }

    private static String write(Object tree, ObjectWriteContext context) {
        var text = new StringWriter();
        try (var generator = FACTORY.createGenerator(context, text)) {
            write(tree, generator);
        }
        return text.toString();
    }

    private static void write(Object tree, JsonGenerator generator) {
        switch (tree) {
            case null -> generator.writeNull();
            case Map<?, ?> object -> {
                generator.writeStartObject();
                object.forEach((key, value) -> {
                    generator.writeName((String) key);
                    write(value, generator);
                });
                generator.writeEndObject();
            }
            case Iterable<?> array -> {
                generator.writeStartArray();
                array.forEach(value -> write(value, generator));
                generator.writeEndArray();
            }
            case String string -> generator.writeString(string);
            case Boolean bool -> generator.writeBoolean(bool);
            case Integer number -> generator.writeNumber(number);
            case Long number -> generator.writeNumber(number);
            case Double number when Double.isFinite(number) -> generator.writeNumber(number);
            default -> throw new MaskleapException("cannot write %s (%s) as JSON"
                    .formatted(tree, tree.getClass().getSimpleName()));
        }
    }

    /** Jackson's own pretty printer, but with the same line ends on every system. */
    private static final class PrettyContext extends ObjectWriteContext.Base {
        @Override
        public PrettyPrinter getPrettyPrinter() {
            var indenter = new DefaultIndenter("  ", "\n");
            return new DefaultPrettyPrinter(Separators.createDefaultInstance()
                            .withObjectNameValueSpacing(Separators.Spacing.AFTER))
                    .withObjectIndenter(indenter);
        }

        @Override
        public boolean hasPrettyPrinter() {
            return true;
        }
    }
}
