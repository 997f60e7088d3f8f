package io.maskleap.weights;

import static io.maskleap.weights.Refusal.assertRefused;
import static io.maskleap.weights.Refusal.assertRefusedWith;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.maskleap.error.MaskleapException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TorchArchiveTest {
    private static final byte[] NONE = new PickleBuilder().op(Opcode.NONE).stop();

    @TempDir
    Path folder;

    private Path path;

    @BeforeEach
    void namePath() {
        path = folder.resolve("a.pth");
    }

    @Test
    void refusesAMissingEmptyOrOtherFile() throws IOException {
        assertRefused(path + ": no such file", this::open);
        assertRefused(folder + ": is a folder, wanted a file", () -> TorchCheckpoint.open(folder));
        Files.createFile(path);
        assertRefused(path + ": is empty", this::open);
        Files.writeString(path, "<html>login");
        assertRefused(path + ": not a PyTorch checkpoint (starts with 3c 68 74 6d 6c 3e 6c 6f, wanted a ZIP archive)",
                this::open);
        Files.writeString(path, "x");
        assertRefused(path + ": not a PyTorch checkpoint (starts with 78, wanted a ZIP archive)", this::open);
    }

    @Test
    void refusesTheFormatBeforePyTorch16() throws IOException {
        Files.write(path, new byte[] {(byte) 0x80, 2, (byte) 0x8a, 10, 'l'});
        assertRefused(path + ": a checkpoint in the format before PyTorch 1.6, or another pickle:"
                + " load it in PyTorch and save it again with torch.save", this::open);
    }

    @Test
    void refusesAnArchiveWithoutAPickle() throws IOException {
        writeZip("a/b/data.pkl", NONE, ZipEntry.STORED);
        assertRefused(path + ": a ZIP archive without <name>/data.pkl: not a PyTorch checkpoint", this::open);
    }

    @Test
    void refusesCompressedEntries() throws IOException {
        writeZip("a/data.pkl", NONE, ZipEntry.DEFLATED);
        assertRefused(path + ": entry a/data.pkl is compressed or encrypted (method 8), wanted a stored one:"
                + " load the checkpoint in PyTorch and save it again with torch.save", this::open);
    }

    @Test
    void refusesBigEndianStorages() throws IOException {
        try (var zip = new ZipOutputStream(Files.newOutputStream(path))) {
            TorchFiles.put(zip, "a/data.pkl", NONE, ZipEntry.STORED);
            TorchFiles.put(zip, "a/byteorder", "big".getBytes(StandardCharsets.US_ASCII), ZipEntry.STORED);
        }
        assertRefused(path + ": was saved on a big-endian machine, wanted little-endian", this::open);
    }

    @Test
    void readsAnArchiveWithAComment() throws IOException {
        try (var zip = new ZipOutputStream(Files.newOutputStream(path))) {
            TorchFiles.put(zip, "a/data.pkl", NONE, ZipEntry.STORED);
            zip.setComment("a comment");
        }
        try (var checkpoint = open()) {
            assertEquals(null, checkpoint.root());
        }
    }

    @Test
    void refusesATruncatedArchive() throws IOException {
        var whole = Files.readAllBytes(Fixtures.maskgitTiny("shortcut.pth"));
        for (var length : new int[] {4, 100, whole.length / 2, whole.length - 1}) {
            Files.write(path, Arrays.copyOf(whole, length));
            assertRefusedWith(path + ": ZIP archive without an end record in its " + length + " bytes: truncated",
                    this::open);
        }
    }

    /** Whatever bytes are flipped, the outcome is a checkpoint or one of our sentences. */
    @Test
    void survivesDamage() throws IOException {
        var whole = TorchFiles.write(path, new PickleBuilder().op(Opcode.EMPTY_DICT).text("t")
                .tensor("FloatStorage", "0", 2, 0, new long[] {2}, new long[] {1})
                .op(Opcode.SETITEM).stop(), Map.of("0", new byte[8]));
        var bytes = Files.readAllBytes(whole);
        var random = new Random(11);
        for (var round = 0; round < 300; round++) {
            var damaged = bytes.clone();
            for (var flips = random.nextInt(4); flips >= 0; flips--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            }
            Files.write(path, damaged);
            try (var checkpoint = open()) {
                checkpoint.stateDict().tensor("t").toFloats();
            } catch (MaskleapException e) {
                assertEquals(1, e.getMessage().lines().count(), e.getMessage());
            }
        }
    }

    private TorchCheckpoint open() {
        return TorchCheckpoint.open(path);
    }

    private void writeZip(String name, byte[] bytes, int method) throws IOException {
        try (var zip = new ZipOutputStream(Files.newOutputStream(path))) {
            TorchFiles.put(zip, name, bytes, method);
        }
    }
}
