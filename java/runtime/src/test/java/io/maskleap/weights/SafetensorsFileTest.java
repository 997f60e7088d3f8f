package io.maskleap.weights;

import static io.maskleap.weights.Refusal.assertRefused;
import static io.maskleap.weights.Refusal.assertRefusedWith;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsFileTest {
    @TempDir
    Path folder;

    private Path path;

    @BeforeEach
    void namePath() {
        path = folder.resolve("a.safetensors");
    }

    @Test
    void readsTensorsInPlaceAndInTheOrderOfTheirData() throws IOException {
        write("""
                {"b": {"dtype": "U8", "shape": [3], "data_offsets": [4, 7]}, "__metadata__": {"k": "v"},
                 "a": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]},
                 "none": {"dtype": "F32", "shape": [2, 0], "data_offsets": [4, 4]}}""", 0, 0, 0x20, 0x40, 7, 8, 9);
        try (var file = SafetensorsFile.open(path)) {
            assertEquals(List.of("a", "none", "b"), List.copyOf(file.names()));
            assertEquals(Map.of("k", "v"), file.metadata());
            assertArrayEquals(new float[] {2.5f}, file.tensor("a").toFloats());
            assertArrayEquals(new int[] {7, 8, 9}, file.tensor("b").toInts());
            assertEquals(List.of(2L, 0L), file.tensor("none").shape());
            assertTrue(file.tensor("b").data().isMapped());
            assertTrue(file.find("c").isEmpty());
        }
    }

    @Test
    void readsAFileWithoutTensors() throws IOException {
        write("{}");
        try (var file = SafetensorsFile.open(path)) {
            assertTrue(file.names().isEmpty());
            assertRefused(path + ": no tensor x (there is none at all)", () -> file.tensor("x"));
        }
    }

    @Test
    void namesSimilarTensorsWhereOneIsMissing() throws IOException {
        write("""
                {"layers.0.bias": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]},
                 "layers.0.weight": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]},
                 "head": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}}""");
        try (var file = SafetensorsFile.open(path)) {
            assertRefused(path + ": no tensor layers.1.weight (similar among 3: layers.0.weight, layers.0.bias, head)",
                    () -> file.tensor("layers.1.weight"));
        }
    }

    @Test
    void endsItsDataWhenClosed() throws IOException {
        write("{\"a\": {\"dtype\": \"U8\", \"shape\": [1], \"data_offsets\": [0, 1]}}", 1);
        var file = SafetensorsFile.open(path);
        var tensor = file.tensor("a");
        file.close();
        file.close();
        assertThrows(IllegalStateException.class, tensor::toInts);
    }

    @Test
    void refusesAMissingEmptyOrOtherFile() throws IOException {
        assertRefused(path + ": no such file", this::open);
        assertRefused(folder + ": is a folder, wanted a file", () -> SafetensorsFile.open(folder));
        Files.createFile(path);
        assertRefused(path + ": is empty", this::open);
        Files.writeString(path, "PK\3\4 an archive");
        assertRefused(path + ": not a safetensors file"
                + " (starts with 50 4b 03 04 20 61 6e 20 61, wanted 8 bytes of length and '{')", this::open);
        Files.writeString(path, "short");
        assertRefused(path + ": not a safetensors file (starts with 73 68 6f 72 74, wanted 8 bytes of length and '{')",
                this::open);
    }

    @Test
    void refusesAHeaderThatIsTooLongOrCutOff() throws IOException {
        writeWithLength(132_095_296, "{}");
        assertRefused(path + ": header is 132095296 bytes, limit 100000000", this::open);
        writeWithLength(-1, "{}");
        assertRefused(path + ": header is 18446744073709551615 bytes, limit 100000000", this::open);
        writeWithLength(3, "{}");
        assertRefused(path + ": header is 3 bytes, but only 2 follow its length: truncated", this::open);
    }

    @Test
    void refusesAHeaderThatIsNotStrictJson() throws IOException {
        write("{\"a\": 1 /* comment */}");
        assertRefusedWith(path + ": not valid JSON at line 1, column 9: ", this::open);
        write("{} x");
        assertRefusedWith(path + ": not valid JSON at line 1, column 4: ", this::open);
        write("{\"a\": {}, \"a\": {}}");
        assertRefusedWith("Duplicate Object property \"a\"", this::open);
        write("{\"a\": {}, \"\\u0061\": {}}");
        assertRefusedWith("Duplicate Object property \"a\"", this::open);
        write("{\"\\ud800\": {}}");
        assertRefusedWith(path + ": not valid JSON at line 1, column ", this::open);
        write("{\"a\":".repeat(101));
        assertRefusedWith(path + ": not valid JSON: Document nesting depth (101) exceeds the maximum allowed (100", this::open);
        writeWithLength(0, "{}");
        assertRefused(path + ": not valid JSON: there is no value", this::open);
        write("{".repeat(3));
        assertRefusedWith(path + ": not valid JSON", this::open);
        writeBytes(new byte[] {3, 0, 0, 0, 0, 0, 0, 0, '{', (byte) 0xff, '}'});
        assertRefused(path + ": holds text that is not UTF-8", this::open);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{`dtype`: `F8_E4M3`, `shape`: [4], `data_offsets`: [0, 4]} | tensor a: dtype is F8_E4M3, wanted one of"
                + " F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL",
        "{`shape`: [4], `data_offsets`: [0, 4]} | a.dtype is missing",
        "{`dtype`: `U8`, `shape`: 4, `data_offsets`: [0, 4]} | a.shape is 4, wanted an array",
        "{`dtype`: `U8`, `shape`: [4.0], `data_offsets`: [0, 4]} | a.shape[0] is 4.0, wanted an integer",
        "{`dtype`: `U8`, `shape`: [-4], `data_offsets`: [0, 4]} | tensor a: shape [-4] has a negative dimension",
        "{`dtype`: `U8`, `shape`: [9223372036854775808], `data_offsets`: [0, 4]} |"
                + " a.shape[0] is 9.223372036854776E18, wanted an integer",
        "{`dtype`: `U8`, `shape`: [4294967296, 4294967296], `data_offsets`: [0, 4]} |"
                + " tensor a: shape [4294967296, 4294967296] has more bytes than 64 bits can count",
        "{`dtype`: `F64`, `shape`: [2305843009213693952], `data_offsets`: [0, 4]} |"
                + " tensor a: shape [2305843009213693952] has more bytes than 64 bits can count",
        "{`dtype`: `U8`, `shape`: [4], `data_offsets`: [0]} | tensor a: data_offsets are [0], wanted [begin, end]",
        "{`dtype`: `U8`, `shape`: [4], `data_offsets`: [4, 0]} |"
                + " tensor a: data_offsets are [4, 0], wanted [begin, end]",
        "{`dtype`: `U8`, `shape`: [4], `data_offsets`: [-4, 0]} |"
                + " tensor a: data_offsets are [-4, 0], wanted [begin, end]",
        "{`dtype`: `U8`, `shape`: [4], `data_offsets`: [9223372036854775803, 9223372036854775807]} |"
                + " tensor a: data_offsets [9223372036854775803, 9223372036854775807] are beyond any file",
        "{`dtype`: `F16`, `shape`: [4], `data_offsets`: [0, 4]} |"
                + " tensor a: F16 [4] takes 8 bytes, but data_offsets [0, 4] span 4",
    })
    void refusesABadDescription(String description, String sentence) throws IOException {
        write("{\"a\": " + description.replace('`', '"') + "}", 1, 2, 3, 4);
        assertRefused(path + ": " + sentence, this::open);
    }

    @Test
    void refusesHolesOverlapsAndAnotherLength() throws IOException {
        var two = "{\"a\": {\"dtype\": \"U8\", \"shape\": [2], \"data_offsets\": [0, 2]},"
                + " \"b\": {\"dtype\": \"U8\", \"shape\": [2], \"data_offsets\": [%d, %d]}}";
        var dataStart = Long.BYTES + two.formatted(3, 5).length();
        write(two.formatted(3, 5), 1, 2, 3, 4, 5);
        assertRefused("%s: tensor b begins at byte %d of the file, wanted %d: a hole before it"
                .formatted(path, dataStart + 3, dataStart + 2), this::open);
        write(two.formatted(1, 3), 1, 2, 3);
        assertRefused("%s: tensor b begins at byte %d of the file, wanted %d: an overlap before it"
                .formatted(path, dataStart + 1, dataStart + 2), this::open);
        write(two.formatted(2, 4), 1, 2, 3);
        assertRefused("%s: is %d bytes, wanted %d by its header: truncated"
                .formatted(path, dataStart + 3, dataStart + 4), this::open);
        write(two.formatted(2, 4), 1, 2, 3, 4, 5);
        assertRefused("%s: is %d bytes, wanted %d by its header: something follows the tensors"
                .formatted(path, dataStart + 5, dataStart + 4), this::open);
    }

    /** A name can neither break the sentence nor fill the screen. */
    @Test
    void quotesAnyNameOnOneLine() throws IOException {
        write("{\"a\\n\\u001b[2J\": {\"dtype\": \"?\", \"shape\": [], \"data_offsets\": [0, 4]}}");
        assertRefused(path + ": tensor a\\u{a}\\u{1b}[2J: dtype is ?, wanted one of"
                + " F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL", this::open);
    }

    @Test
    void refusesMetadataThatIsNotText() throws IOException {
        write("{\"__metadata__\": {\"k\": 1}}");
        assertRefused(path + ": __metadata__.k is 1, wanted a string", this::open);
        write("{\"__metadata__\": []}");
        assertRefused(path + ": __metadata__ is an array, wanted an object", this::open);
    }

    private SafetensorsFile open() {
        return SafetensorsFile.open(path);
    }

    private void write(String header, int... data) throws IOException {
        writeWithLength(header.length(), header, data);
    }

    private void writeWithLength(long length, String header, int... data) throws IOException {
        var bytes = ByteBuffer.allocate(Long.BYTES + header.length() + data.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(length).put(header.getBytes(StandardCharsets.US_ASCII));
        for (var value : data) {
            bytes.put((byte) value);
        }
        writeBytes(bytes.array());
    }

    private void writeBytes(byte[] bytes) throws IOException {
        Files.write(path, bytes);
    }
}
