package io.maskleap.weights;

import static io.maskleap.weights.Refusal.assertRefused;
import static io.maskleap.weights.Refusal.assertRefusedWith;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {
    @TempDir
    Path folder;

    @Test
    void roundTripsEveryDtype() throws IOException {
        var path = folder.resolve("a.safetensors");
        var random = new Random(7);
        var written = new HashMap<String, byte[]>();
        var tensors = List.of(StoredDtype.values()).stream().map(dtype -> {
            var bytes = new byte[6 * dtype.byteSize()];
            random.nextBytes(bytes);
            written.put("t." + dtype, bytes);
            return RawTensor.of("t." + dtype, dtype, bytes, 2, 3);
        }).toList();

        SafetensorsWriter.write(path, tensors, Map.of("format", "pt", "é", "ü\n\"x\""));

        try (var file = SafetensorsFile.open(path)) {
            assertEquals(Map.of("format", "pt", "é", "ü\n\"x\""), file.metadata());
            assertEquals(written.keySet(), file.names());
            for (var tensor : tensors) {
                var read = file.tensor(tensor.name());
                assertEquals(tensor.dtype(), read.dtype());
                assertEquals(List.of(2L, 3L), read.shape());
                assertEquals(-1, read.data().mismatch(tensor.data()));
                assertEquals(0, read.data().address() % tensor.dtype().byteSize(), "aligned to its dtype");
            }
        }
        assertOnlyFile(path);
    }

    @Test
    void writesTheSameBytesInWhateverOrder() throws IOException {
        var tensors = List.of(
                RawTensor.of("b", StoredDtype.U8, new byte[] {1}, 1),
                RawTensor.ofFloats("z", new float[] {1}, 1),
                RawTensor.ofFloats("a", new float[] {2}, 1));
        SafetensorsWriter.write(folder.resolve("1"), tensors, Map.of("x", "1", "y", "2"));
        SafetensorsWriter.write(folder.resolve("2"), tensors.reversed(), Map.of("y", "2", "x", "1"));
        assertArrayEquals(Files.readAllBytes(folder.resolve("1")), Files.readAllBytes(folder.resolve("2")));
        try (var file = SafetensorsFile.open(folder.resolve("1"))) {
            assertEquals(List.of("a", "z", "b"), List.copyOf(file.names()));
        }
    }

    @Test
    void writesMoreThanOneChunk() {
        var path = folder.resolve("a.safetensors");
        var values = new float[700_000];
        values[699_999] = 3f;
        SafetensorsWriter.write(path, List.of(RawTensor.ofFloats("a", values, 700_000)), Map.of());
        try (var file = SafetensorsFile.open(path)) {
            assertArrayEquals(values, file.tensor("a").toFloats());
        }
    }

    @Test
    void replacesAFileThatIsMapped() throws IOException {
        var path = folder.resolve("a.safetensors");
        SafetensorsWriter.write(path, List.of(RawTensor.ofFloats("a", new float[] {1}, 1)), Map.of());
        try (var old = SafetensorsFile.open(path)) {
            SafetensorsWriter.write(path, List.of(old.tensor("a").renamed("b")), Map.of());
            assertArrayEquals(new float[] {1}, old.tensor("a").toFloats());
        }
        try (var file = SafetensorsFile.open(path)) {
            assertArrayEquals(new float[] {1}, file.tensor("b").toFloats());
        }
        assertOnlyFile(path);
    }

    @Test
    void leavesNothingBehindWhereItFails() throws IOException {
        var path = Files.writeString(folder.resolve("a.safetensors"), "as it was");
        var arena = Arena.ofConfined();
        var gone = new RawTensor("gone", StoredDtype.U8, List.of(8L), arena.allocate(8));
        arena.close();
        assertThrows(IllegalStateException.class,
                () -> SafetensorsWriter.write(path, List.of(RawTensor.ofFloats("a", new float[9], 9), gone), Map.of()));
        assertEquals("as it was", Files.readString(path));
        assertOnlyFile(path);
    }

    @Test
    void refusesNamesThatAreTaken() throws IOException {
        var path = folder.resolve("a.safetensors");
        var tensor = RawTensor.ofFloats("a", new float[1], 1);
        assertRefused(path + ": cannot be written: tensor name a is taken",
                () -> SafetensorsWriter.write(path, List.of(tensor, tensor), Map.of()));
        assertRefused(path + ": cannot be written: tensor name __metadata__ is taken",
                () -> SafetensorsWriter.write(path, List.of(tensor.renamed("__metadata__")), Map.of()));
        assertOnlyFile();
    }

    @Test
    void refusesPlacesThatCannotBeWritten() throws IOException {
        assertRefused(folder + ": is a folder, wanted the name of a file to write",
                () -> SafetensorsWriter.write(folder, List.of(), Map.of()));
        var path = folder.resolve("none").resolve("a");
        assertRefused(path + ": cannot be written: no folder " + path.getParent(),
                () -> SafetensorsWriter.write(path, List.of(), Map.of()));
        var tooLong = folder.resolve("x".repeat(300));
        assertRefusedWith(tooLong + ": cannot be written: ",
                () -> SafetensorsWriter.write(tooLong, List.of(), Map.of()));
        assertOnlyFile();
    }

    private void assertOnlyFile(Path... wanted) throws IOException {
        try (var files = Files.list(folder)) {
            assertEquals(List.of(wanted), files.toList());
        }
    }
}
