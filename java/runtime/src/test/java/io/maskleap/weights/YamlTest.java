package io.maskleap.weights;

import static io.maskleap.weights.Refusal.assertRefused;
import static io.maskleap.weights.Refusal.assertRefusedWith;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class YamlTest {
    @TempDir
    Path folder;

    private Path path;

    @BeforeEach
    void namePath() {
        path = folder.resolve("model.yaml");
    }

    @Test
    void readsTheSpellingsThatPublishedConfigurationsUse() throws IOException {
        Files.writeString(path, """
                model: # a comment
                  rate: 4.5e-06
                  double_z: False
                  ch_mult:
                  - 1
                  - 2
                  big: 99999999999999999999
                  nothing: ~
                """);
        var model = Yaml.read(path).getObject("model");
        assertEquals(4.5e-6, model.getDouble("rate"));
        assertFalse(model.getBoolean("double_z"));
        assertEquals(List.of(1, 2), model.getInts("ch_mult"));
        assertEquals(1e20, model.getDouble("big"));
        assertFalse(model.has("nothing"));
        assertRefused(path + ": model.rate is 4.5E-6, wanted an integer", () -> model.getInt("rate"));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "a: 1\na: 2", "a: *b", "{a: 1", "a: 1\n---\nb: 2", "a: !!java.net.URL x", "a: !!set {x}",
        "a: .inf", "1: 2", "[1]: 2",
        "- 1", "a: &a [1]\nb: [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a]",
    })
    void refusesWhatIsNoPlainMapping(String text) throws IOException {
        Files.writeString(path, text);
        assertRefusedWith(path + ": ", () -> Yaml.read(path));
    }

    @Test
    void saysWhereTheErrorIs() throws IOException {
        Files.writeString(path, "a: 1\na: 2\n");
        assertRefused(path + ": not valid YAML at line 2, column 1: found duplicate key a", () -> Yaml.read(path));
    }

    @ParameterizedTest
    @ValueSource(strings = {"[", "a: &x [*x]", "a:\n - [[]]\n - &y {k: *y}"})
    void refusesNestingWithoutEnd(String text) throws IOException {
        Files.writeString(path, text.equals("[") ? "[".repeat(100_000) : text);
        assertRefused(path + ": is nested deeper than 100 levels", () -> Yaml.read(path));
    }
}
