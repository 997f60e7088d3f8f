package io.maskleap.weights;

import static io.maskleap.weights.Refusal.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelFolderTest {
    @TempDir
    Path folder;

    @Test
    void opensTheFilesThatItNames() throws IOException {
        SafetensorsWriter.write(folder.resolve("b.safetensors"), List.of(RawTensor.ofFloats("x", new float[] {1}, 1)), Map.of());
        manifest("{\"format\": 1, \"base\": {\"file\": \"b.safetensors\"}}");
        for (var path : List.of(folder, folder.resolve("."), relative())) {
            try (var weights = ModelFolder.open(path).weights("base")) {
                assertEquals(1, weights.names().size());
            }
        }
    }

    @Test
    void opensTheFolderOneIsIn() {
        var manifest = Json.parseObject("model.json", "{\"format\": 1, \"base\": {\"file\": \"none.safetensors\"}}");
        assertRefused("none.safetensors: no such file", () -> ModelFolder.of(Path.of(""), manifest).weights("base"));
        assertRefused("none.safetensors: no such file", () -> ModelFolder.of(Path.of("."), manifest).weights("base"));
    }

    @Test
    void refusesWhatIsNoModel() throws IOException {
        var none = folder.resolve("none");
        assertRefused(none + ": no such model folder", () -> ModelFolder.open(none));
        assertRefused(folder + ": is no model folder, it has no model.json; make one with maskleap import", this::open);
        manifest("{\"format\": 1}");
        assertRefused(path() + ": is a file, wanted a model folder", () -> ModelFolder.open(path()));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "[]                       | : is an array, wanted an object",
        "{}                       | : format is missing",
        "{\"format\": 2}          | : format is 2, wanted 1; import the checkpoints again",
        "{\"format\": \"1\"}      | : format is \"1\", wanted an integer",
        "{\"format\": 1.0}        | : format is 1.0, wanted an integer",
        "{\"format\": 4294967297} | : format is 4294967297, wanted a 32-bit integer",
    })
    void refusesAnotherFormat(String json, String sentence) throws IOException {
        manifest(json);
        assertRefused(path() + sentence, this::open);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "{\"base\": 1}                               | base is 1, wanted an object",
        "{\"base\": {}}                              | base.file is missing",
        "{\"base\": {\"file\": 1}}                   | base.file is 1, wanted a string",
        "{\"base\": {\"file\": \"\"}}                | base.file is \"\", wanted a file within the model folder",
        "{\"base\": {\"file\": \"..\"}}              | base.file is \"..\", wanted a file within the model folder",
        "{\"base\": {\"file\": \"a/../../b\"}}       | base.file is \"a/../../b\", wanted a file within the model folder",
        "{\"base\": {\"file\": \"/etc/passwd\"}}     | base.file is \"/etc/passwd\", wanted a file within the model folder",
        "{\"base\": {\"file\": \"b\\u0000\"}}        | base.file is \"b\\u{0}\", wanted a file within the model folder",
    })
    void refusesFilesOutsideOfIt(String json, String sentence) {
        var model = ModelFolder.of(folder, Json.parseObject("model.json", "{\"format\": 1, " + json.substring(1)));
        assertRefused("model.json: " + sentence, () -> model.weights("base"));
    }

    private ModelFolder open() {
        return ModelFolder.open(folder);
    }

    private Path path() {
        return folder.resolve("model.json");
    }

    private Path relative() {
        return Path.of("").toAbsolutePath().relativize(folder);
    }

    private void manifest(String json) throws IOException {
        Files.writeString(path(), json);
    }
}
