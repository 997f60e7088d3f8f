package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.schema.CoreSchema;

/** Reads the YAML configurations that come with some published weights, as the same trees as {@link Json}. */
public final class Yaml {
    private Yaml() {}

    /**
     * The mapping in a UTF-8 file.
     *
     * @throws MaskleapException where the file is not one YAML document with a mapping, a key is not text or
     *     stands twice, or a tag asks for an object
     */
    public static JsonObject read(Path path) {
        var text = Utf8.read(path);
        try {
            return JsonObject.of(path.toString(), plain(path, new Load(settings()).loadFromString(text), 0));
        } catch (MarkedYamlEngineException e) {
            var place = e.getProblemMark()
                    .map(mark -> " at line %d, column %d".formatted(mark.getLine() + 1, mark.getColumn() + 1))
                    .orElse("");
            throw new MaskleapException("%s: not valid YAML%s: %s".formatted(path, place, e.getProblem()), e);
        } catch (YamlEngineException e) {
            throw new MaskleapException("%s: not valid YAML: %s".formatted(path, e.getMessage()), e);
        } catch (StackOverflowError e) { // the loader recurses, and has no limit of its own
            throw tooDeep(path);
        }
    }

    private static LoadSettings settings() {
        return LoadSettings.builder()
                .setSchema(new CoreSchema()) // the default schema takes True and False, as taming writes them, for text
                .setAllowDuplicateKeys(false)
                .setMaxAliasesForCollections(Limits.YAML_ALIASES)
                .build();
    }

    private static Object plain(Path path, Object value, int depth) {
        if (depth > Limits.NESTING_LEVELS) {
            throw tooDeep(path);
        }
        return switch (value) {
            case null -> null;
            case Map<?, ?> mapping -> {
                var object = new LinkedHashMap<String, Object>();
                mapping.forEach((key, member) -> object.put(text(path, key), plain(path, member, depth + 1)));
                yield object;
            }
            case List<?> sequence -> {
                var array = new ArrayList<Object>();
                sequence.forEach(element -> array.add(plain(path, element, depth + 1)));
                yield array;
            }
            case Integer number -> number.longValue();
            case BigInteger number -> number.doubleValue();
            case Double number when !Double.isFinite(number) -> throw new MaskleapException(
                    "%s: holds the number %s, wanted finite ones".formatted(path, number));
            case Long _, Double _, Boolean _, String _ -> value;
            default -> throw new MaskleapException("%s: holds a %s, which JSON has no type for"
                    .formatted(path, value.getClass().getSimpleName()));
        };
    }

    private static MaskleapException tooDeep(Path path) {
        return new MaskleapException("%s: is nested deeper than %d levels".formatted(path, Limits.NESTING_LEVELS));
    }

    private static String text(Path path, Object key) {
        if (key instanceof String text) {
            return text;
        }
        throw new MaskleapException("%s: has a key of type %s, wanted text".formatted(
                path, key == null ? "null" : key.getClass().getSimpleName()));
    }
}
