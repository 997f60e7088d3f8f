package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.TokenStreamLocation;

/** Makes one value's tree of a parser's tokens, and refuses what Jackson lets pass. */
final class JsonReader {
    private final String origin;
    private final JsonParser parser;
    private int values;

    /** @param origin begins every error's sentence: the path */
    JsonReader(String origin, JsonParser parser) {
        this.origin = origin;
        this.parser = parser;
    }

    /** @throws MaskleapException where there is no value, more than one, or a bad one */
    Object read() {
        if (parser.nextToken() == null) {
            throw new MaskleapException(origin + ": not valid JSON: there is no value");
        }
        var tree = value();
        if (parser.nextToken() != null) {
            throw here("text after the end of the value");
        }
        return tree;
    }

    private Object value() {
        if (++values > Limits.JSON_VALUES) {
            throw new MaskleapException("%s: holds more than %d JSON values".formatted(origin, Limits.JSON_VALUES));
        }
        return switch (parser.currentToken()) {
            case START_OBJECT -> {
                var object = new LinkedHashMap<String, Object>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    var key = whole(parser.currentName());
                    parser.nextToken();
                    object.put(key, value());
                }
                yield object;
            }
            case START_ARRAY -> {
                var array = new ArrayList<Object>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    array.add(value());
                }
                yield array;
            }
            case VALUE_STRING -> whole(parser.getString());
            case VALUE_NUMBER_INT -> integer();
            case VALUE_NUMBER_FLOAT -> finite(parser.getDoubleValue());
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            default -> throw here("unexpected " + parser.currentToken());
        };
    }

    /** Half of a surrogate pair is no character: no file could have that name, and writing it would change it. */
    private String whole(String text) {
        if (text.codePoints().anyMatch(c -> Character.getType(c) == Character.SURROGATE)) {
            throw here("an escape names half a character");
        }
        return text;
    }

    private Number integer() {
        return switch (parser.getNumberValue()) {
            case BigInteger beyond64Bits -> finite(beyond64Bits.doubleValue());
            case Number number -> number.longValue();
        };
    }

    private Double finite(double number) {
        if (Double.isInfinite(number)) {
            throw here("a number is beyond the range of a double");
        }
        return number;
    }

    private MaskleapException here(String problem) {
        return new MaskleapException(notValid(origin, parser.currentTokenLocation(), problem));
    }

    /** @param location null where Jackson does not say it, as for a limit that was reached */
    static String notValid(String origin, TokenStreamLocation location, String problem) {
        var place = location == null
                ? ""
                : " at line %d, column %d".formatted(location.getLineNr(), location.getColumnNr());
        return "%s: not valid JSON%s: %s".formatted(origin, place, problem);
    }
}
