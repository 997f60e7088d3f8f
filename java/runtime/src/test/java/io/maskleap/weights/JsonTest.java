package io.maskleap.weights;

import static io.maskleap.weights.Refusal.assertRefused;
import static io.maskleap.weights.Refusal.assertRefusedWith;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {

    @Test
    void parsesToAPlainTree() {
        var wanted = new LinkedHashMap<String, Object>();
        wanted.put("text", "ü\n");
        wanted.put("numbers", List.of(1L, -9_223_372_036_854_775_808L, 1.5, 1e30));
        wanted.put("others", Arrays.asList(true, false, null, Map.of(), List.of()));
        assertEquals(wanted, Json.parse("f", """
                {"text": "\\u00fc\\n",
                 "numbers": [1, -9223372036854775808, 1.5, 1000000000000000000000000000000],
                 "others": [true, false, null, {}, []]}"""));
    }

    @Test
    void writesWhatItParses() {
        var tree = new LinkedHashMap<String, Object>();
        tree.put("a", List.of(1L, 2.5, "x\"\n\u0000é"));
        tree.put("b", Map.of("c", true));
        tree.put("d", null);
        assertEquals("{\"a\":[1,2.5,\"x\\\"\\n\\u0000é\"],\"b\":{\"c\":true},\"d\":null}", Json.compact(tree));
        assertEquals("""
                {
                  "a": [ 1, 2.5, "x\\"\\n\\u0000é" ],
                  "b": {
                    "c": true
                  },
                  "d": null
                }
                """, Json.pretty(tree));
        assertEquals(tree, Json.parse("f", Json.compact(tree)));
        assertEquals(tree, Json.parse("f", Json.pretty(tree)));
    }

    @Test
    void roundTripsAFile(@TempDir Path folder) throws IOException {
        var path = folder.resolve("model.json");
        Json.write(path, Map.of("name", "é"));
        assertEquals("é", Json.read(path).getString("name"));
        try (var files = Files.list(folder)) {
            assertEquals(List.of(path), files.toList());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{", "[1,]", "{\"a\": 1,}", "{'a': 1}", "{a: 1}", "[1] [2]", "[1] x", "// c\n1",
        "NaN", "+1", "01", "1.", "\"\t\"",
        "[1e999]", "\"\\ud800\"", "{\"\\udc00\": 1}", "{\"a\": 1, \"a\": 2}", "\uFEFF{}", "tru", "\"\\x\"",
    })
    void refusesWhatIsNotStrictJson(String text) {
        assertRefusedWith("f: not valid JSON at line ", () -> Json.parse("f", text));
    }

    @Test
    void saysWhereTheErrorIs() {
        assertRefused("f: not valid JSON at line 2, column 3: text after the end of the value",
                () -> Json.parse("f", "{}\n  {}"));
        assertRefused("f: not valid JSON: there is no value", () -> Json.parse("f", "  "));
        assertRefused("f: is an array, wanted an object", () -> Json.parseObject("f", "[]"));
    }

    @Test
    void refusesNestingWithoutEnd() {
        assertRefusedWith("f: not valid JSON", () -> Json.parse("f", "[".repeat(100_000)));
    }

    @Test
    void refusesMoreValuesThanAnyModelHas() {
        assertRefused("f: holds more than 1048576 JSON values", () -> Json.parse("f", "[" + "0,".repeat(1 << 20) + "0]"));
    }

    @Test
    void refusesNumbersBeyondItsRange() {
        assertRefused("f: not valid JSON at line 1, column 2: a number is beyond the range of a double",
                () -> Json.parse("f", "[1" + "0".repeat(400) + "]"));
        assertRefusedWith("f: not valid JSON", () -> Json.parse("f", "[" + "9".repeat(100_000) + "]"));
    }

    @Test
    void refusesToWriteWhatJsonDoesNotHave() {
        assertRefused("cannot write NaN (Double) as JSON", () -> Json.compact(List.of(Double.NaN)));
    }

    @Test
    void refusesAFileThatIsNotText(@TempDir Path folder) throws IOException {
        var path = Files.write(folder.resolve("a.json"), new byte[] {'"', (byte) 0xc3, '"'});
        assertRefused(path + ": holds text that is not UTF-8", () -> Json.read(path));
    }
}
