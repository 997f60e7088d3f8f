package io.maskleap.weights;

import static io.maskleap.weights.Refusal.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class JsonObjectTest {
    private final JsonObject object = Json.parseObject("model.json", """
            {"int": 7, "long": 5000000000, "double": 0.5, "text": "x", "flag": true, "null": null,
             "ints": [1, 2], "mixed": [1, "x"], "texts": ["a"], "base": {"heads": "x"},
             "layers": [{"size": 3}, {"size": true}]}""");

    @Test
    void readsEachType() {
        assertEquals(7, object.getInt("int"));
        assertEquals(5_000_000_000L, object.getLong("long"));
        assertEquals(0.5, object.getDouble("double"));
        assertEquals(7.0, object.getDouble("int"));
        assertEquals("x", object.getString("text"));
        assertTrue(object.getBoolean("flag"));
        assertEquals(List.of(1, 2), object.getInts("ints"));
        assertEquals(List.of(1L, 2L), object.getLongs("ints"));
        assertEquals(List.of(1.0, 2.0), object.getDoubles("ints"));
        assertEquals(List.of("a"), object.getStrings("texts"));
        assertEquals("x", object.getObject("base").getString("heads"));
        assertEquals(3, object.getObjects("layers").getFirst().getInt("size"));
        assertEquals("model.json", object.origin());
        assertTrue(object.keys().containsAll(List.of("int", "null")));
    }

    @Test
    void findsWhatIsThereAndNotNull() {
        assertEquals(OptionalInt.of(7), object.findInt("int"));
        assertEquals(5_000_000_000L, object.findLong("long").getAsLong());
        assertEquals(0.5, object.findDouble("double").getAsDouble());
        assertEquals("x", object.findString("text").orElseThrow());
        assertEquals(true, object.findBoolean("flag").orElseThrow());
        assertTrue(object.findObject("base").isPresent());
        assertTrue(object.findInt("absent").isEmpty());
        assertTrue(object.findString("null").isEmpty());
        assertFalse(object.has("null"));
        assertRefused("model.json: text is \"x\", wanted an integer", () -> object.findInt("text"));
    }

    @Test
    void namesWhatIsMissingOrOfAnotherType() {
        var base = object.getObject("base");
        assertRefused("model.json: base.heads is \"x\", wanted an integer", () -> base.getInt("heads"));
        assertRefused("model.json: base.layers is missing", () -> base.getInt("layers"));
        assertRefused("model.json: null is null, wanted a string", () -> object.getString("null"));
        assertRefused("model.json: long is 5000000000, wanted a 32-bit integer", () -> object.getInt("long"));
        assertRefused("model.json: double is 0.5, wanted an integer", () -> object.getLong("double"));
        assertRefused("model.json: flag is true, wanted a number", () -> object.getDouble("flag"));
        assertRefused("model.json: int is 7, wanted true or false", () -> object.getBoolean("int"));
        assertRefused("model.json: ints is an array, wanted an object", () -> object.getObject("ints"));
        assertRefused("model.json: base is an object, wanted an array", () -> object.getInts("base"));
        assertRefused("model.json: mixed[1] is \"x\", wanted an integer", () -> object.getInts("mixed"));
        assertRefused("model.json: layers[1].size is true, wanted an integer",
                () -> object.getObjects("layers").get(1).getInt("size"));
    }

    @Test
    void makesErrorsAboutValuesInTheSameStyle() {
        assertEquals("model.json: int is 7, wanted a multiple of 8",
                object.error("int", "a multiple of 8").getMessage());
        var longText = Json.parseObject("f", "{\"k\": \"" + "y".repeat(99) + "\"}");
        assertRefused("f: k is \"" + "y".repeat(40) + "...\", wanted an integer", () -> longText.getInt("k"));
    }
}
