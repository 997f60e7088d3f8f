package io.maskleap.weights;

import static io.maskleap.weights.Refusal.assertRefused;
import static io.maskleap.weights.Refusal.assertRefusedWith;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsTest {
    @TempDir
    Path folder;

    private Path index;

    @BeforeEach
    void writeShards() {
        index = folder.resolve("model.safetensors.index.json");
        writeShard("1.safetensors", "a", "not in the index");
        writeShard("2.safetensors", "b");
    }

    @Test
    void readsShardsAsOne() {
        writeIndex(Map.of("a", "1.safetensors", "b", "2.safetensors"));
        for (var path : List.of(index, folder)) {
            try (var source = Safetensors.open(path)) {
                assertEquals(index, source.path());
                assertEquals(Set.of("a", "b"), source.names());
                assertArrayEquals(new float[] {1}, source.tensor("b").toFloats());
                assertTrue(source.find("c").isEmpty());
            }
        }
    }

    @Test
    void closesEveryShard() {
        writeIndex(Map.of("a", "1.safetensors", "b", "2.safetensors"));
        var source = Safetensors.open(index);
        var tensors = List.of(source.tensor("a"), source.tensor("b"));
        source.close();
        for (var tensor : tensors) {
            assertThrows(IllegalStateException.class, tensor::toFloats);
        }
    }

    @Test
    void opensOneFileByItselfOrByItsFolder() throws Exception {
        Files.delete(folder.resolve("2.safetensors"));
        for (var path : List.of(folder.resolve("1.safetensors"), folder)) {
            try (var source = Safetensors.open(path)) {
                assertEquals(folder.resolve("1.safetensors"), source.path());
                assertArrayEquals(new float[] {0}, source.tensor("a").toFloats());
            }
        }
    }

    @Test
    void refusesAFolderThatDoesNotSayWhichFile() throws Exception {
        assertRefused(folder + ": holds [1.safetensors, 2.safetensors], wanted one *.safetensors.index.json"
                + " or one *.safetensors: name the file", () -> Safetensors.open(folder));
        var empty = Files.createDirectory(folder.resolve("empty"));
        assertRefused(empty + ": holds no safetensors, wanted one *.safetensors.index.json"
                + " or one *.safetensors: name the file", () -> Safetensors.open(empty));
    }

    @Test
    void refusesAnIndexThatDisagreesWithItsShards() {
        writeIndex(Map.of("x", "1.safetensors"));
        assertRefused(index + ": tensor x should be in 1.safetensors, which does not have it",
                () -> Safetensors.open(index));
        writeIndex(Map.of("x", "3.safetensors"));
        assertRefused(index + ": names the file 3.safetensors, which is missing: download it too",
                () -> Safetensors.open(index));
    }

    @ParameterizedTest
    @ValueSource(strings = {"../1.safetensors", "/etc/passwd", "..", "", "a\\b.safetensors", "sub/1.safetensors"})
    void refusesShardsOutsideTheFolder(String shard) {
        writeIndex(Map.of("a", shard));
        assertRefused(index + ": names the file \"" + shard + "\", wanted the name of a file beside the index",
                () -> Safetensors.open(index));
    }

    /** Names that the file system cannot have: a NUL, and half a character. */
    @ParameterizedTest
    @ValueSource(strings = {"0000", "d800"})
    void refusesNamesThatNoFileHas(String code) throws Exception {
        Files.writeString(index, "{\"weight_map\": {\"a\": \"\\u" + code + ".safetensors\"}}");
        assertRefusedWith(index + ": ", () -> Safetensors.open(index));
    }

    @Test
    void refusesAnIndexThatNamesATensorTwice() throws Exception {
        Files.writeString(index, "{\"weight_map\": {\"a\": \"1.safetensors\", \"a\": \"2.safetensors\"}}");
        assertRefusedWith("Duplicate Object property \"a\"", () -> Safetensors.open(index));
    }

    @Test
    void namesTheShardThatIsBad() throws Exception {
        writeIndex(Map.of("a", "1.safetensors"));
        var shard = folder.resolve("1.safetensors");
        Files.write(shard, Arrays.copyOf(Files.readAllBytes(shard), (int) Files.size(shard) - 1));
        assertRefusedWith(shard + ": is ", () -> Safetensors.open(index));
    }

    @Test
    void refusesAnIndexOfAnotherForm() {
        Json.write(index, Map.of("metadata", Map.of()));
        assertRefused(index + ": weight_map is missing", () -> Safetensors.open(index));
        Json.write(index, Map.of("weight_map", Map.of("a", 1)));
        assertRefused(index + ": weight_map.a is 1, wanted a string", () -> Safetensors.open(index));
    }

    private void writeIndex(Map<String, String> weightMap) {
        Json.write(index, Map.of("metadata", Map.of("total_size", 8), "weight_map", weightMap));
    }

    /** Each tensor holds one number: 1 for b, 0 for the others. */
    private void writeShard(String file, String... names) {
        var tensors = List.of(names).stream()
                .map(name -> RawTensor.ofFloats(name, new float[] {name.equals("b") ? 1 : 0}, 1))
                .toList();
        SafetensorsWriter.write(folder.resolve(file), tensors, Map.of());
    }
}
