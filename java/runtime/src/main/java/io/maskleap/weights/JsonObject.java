package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/**
 * A typed view of a JSON (or YAML) object that knows where it came from.
 *
 * <p>{@code get} wants the key: its absence or another type is a {@link MaskleapException} such as
 * {@code model.json: base.heads is "x", wanted an integer}. {@code find} is empty where the key is absent
 * or null, and wants the type as well. Integers count as numbers, numbers with a fraction never as integers.
 */
public final class JsonObject {
    private final String origin;
    private final String prefix;
    private final Map<?, ?> members;

    private JsonObject(String origin, String prefix, Map<?, ?> members) {
        this.origin = origin;
        this.prefix = prefix;
        this.members = members;
    }

    /**
     * The view of a tree as {@link Json#parse} makes it.
     *
     * @param origin begins every error's sentence: the path
     * @throws MaskleapException where the tree is no object
     */
    public static JsonObject of(String origin, Object tree) {
        if (tree instanceof Map<?, ?> members) {
            return new JsonObject(origin, "", members);
        }
        throw new MaskleapException("%s: is %s, wanted an object".formatted(origin, describe(tree)));
    }

    /** Where the object came from: the path. */
    public String origin() {
        return origin;
    }

    /** All keys, in the file's order. */
    public Set<String> keys() {
        var keys = new LinkedHashSet<String>();
        members.keySet().forEach(key -> keys.add((String) key));
        return Collections.unmodifiableSet(keys);
    }

    /** Whether the key is there, and not null. */
    public boolean has(String key) {
        return members.get(key) != null;
    }

    public int getInt(String key) {
        return asInt(name(key), required(key));
    }

    public long getLong(String key) {
        return asLong(name(key), required(key));
    }

    public double getDouble(String key) {
        return asDouble(name(key), required(key));
    }

    public boolean getBoolean(String key) {
        return asBoolean(name(key), required(key));
    }

    public String getString(String key) {
        return asString(name(key), required(key));
    }

    public JsonObject getObject(String key) {
        return asObject(name(key), required(key));
    }

    public List<Integer> getInts(String key) {
        return asList(key, this::asInt);
    }

    public List<Long> getLongs(String key) {
        return asList(key, this::asLong);
    }

    public List<Double> getDoubles(String key) {
        return asList(key, this::asDouble);
    }

    public List<String> getStrings(String key) {
        return asList(key, this::asString);
    }

    public List<JsonObject> getObjects(String key) {
        return asList(key, this::asObject);
    }

    public OptionalInt findInt(String key) {
        return has(key) ? OptionalInt.of(getInt(key)) : OptionalInt.empty();
    }

    public OptionalLong findLong(String key) {
        return has(key) ? OptionalLong.of(getLong(key)) : OptionalLong.empty();
    }

    public OptionalDouble findDouble(String key) {
        return has(key) ? OptionalDouble.of(getDouble(key)) : OptionalDouble.empty();
    }

    public Optional<Boolean> findBoolean(String key) {
        return has(key) ? Optional.of(getBoolean(key)) : Optional.empty();
    }

    public Optional<String> findString(String key) {
        return has(key) ? Optional.of(getString(key)) : Optional.empty();
    }

    public Optional<JsonObject> findObject(String key) {
        return has(key) ? Optional.of(getObject(key)) : Optional.empty();
    }

    /** An error about the value of {@code key}, in the same style: {@code model.json: base.heads is 0, wanted ...}. */
    public MaskleapException error(String key, String wanted) {
        return wrong(name(key), members.get(key), wanted);
    }

    private Object required(String key) {
        if (!members.containsKey(key)) {
            throw new MaskleapException("%s: %s is missing".formatted(origin, name(key)));
        }
        return members.get(key);
    }

    private String name(String key) {
        return prefix.isEmpty() ? key : prefix + "." + key;
    }

    private int asInt(String name, Object value) {
        var number = asLong(name, value);
        if (number != (int) number) {
            throw wrong(name, value, "a 32-bit integer");
        }
        return (int) number;
    }

    private long asLong(String name, Object value) {
        if (value instanceof Long number) {
            return number;
        }
        throw wrong(name, value, "an integer");
    }

    private double asDouble(String name, Object value) {
        if (value instanceof Number number) {
            return number.doubleValue();
        }
        throw wrong(name, value, "a number");
    }

    private boolean asBoolean(String name, Object value) {
        if (value instanceof Boolean bool) {
            return bool;
        }
        throw wrong(name, value, "true or false");
    }

    private String asString(String name, Object value) {
        if (value instanceof String string) {
            return string;
        }
        throw wrong(name, value, "a string");
    }

    private JsonObject asObject(String name, Object value) {
        if (value instanceof Map<?, ?> object) {
            return new JsonObject(origin, name, object);
        }
        throw wrong(name, value, "an object");
    }

    @FunctionalInterface
    private interface Reader<T> {
        T read(String name, Object value);
    }

    private <T> List<T> asList(String key, Reader<T> element) {
        if (!(required(key) instanceof List<?> array)) {
            throw wrong(name(key), members.get(key), "an array");
        }
        var values = new ArrayList<T>(array.size());
        for (var value : array) {
            values.add(element.read("%s[%d]".formatted(name(key), values.size()), value));
        }
        return List.copyOf(values);
    }

    private MaskleapException wrong(String name, Object value, String wanted) {
        return new MaskleapException("%s: %s is %s, wanted %s".formatted(origin, name, describe(value), wanted));
    }

    private static String describe(Object value) {
        return switch (value) {
            case null -> "null";
            case Map<?, ?> _ -> "an object";
            case List<?> _ -> "an array";
            case String text when text.length() > 40 -> '"' + text.substring(0, 40) + "...\"";
            case String text -> '"' + text + '"';
            default -> value.toString();
        };
    }
}
