package io.maskleap.weights;

import static io.maskleap.weights.Refusal.assertRefused;
import static io.maskleap.weights.Refusal.assertRefusedWith;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.maskleap.ZipBytes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Archives whose parts say different things. */
class LyingArchiveTest {
    private static final String PICKLE = "x/data.pkl";
    private static final String FIRST = "x/data/0";
    private static final String SECOND = "x/data/1";

    @TempDir
    Path folder;

    private Path path;
    private ZipBytes zip;

    @BeforeEach
    void writeTwoStorages() throws IOException {
        path = folder.resolve("a.pth");
        TorchFiles.write(path, new PickleBuilder().op(Opcode.EMPTY_DICT, Opcode.MARK)
                .text("t").tensor("FloatStorage", "0", 2, 0, new long[] {2}, new long[] {1})
                .text("u").tensor("FloatStorage", "1", 2, 0, new long[] {2}, new long[] {1})
                .op(Opcode.SETITEMS).stop(), new TreeMap<>(Map.of("0", new byte[8], "1", new byte[8])));
        zip = new ZipBytes(Files.readAllBytes(path));
    }

    @Test
    void readsWhatIsHonest() throws IOException {
        assertArrayEquals(new float[2], read("t"));
        assertArrayEquals(new float[2], read("u"));
    }

    @Test
    void refusesAnEntryWithAnotherNameInItsOwnHeader() throws IOException {
        zip.set(zip.local(PICKLE) + ZipBytes.LOCAL_NAME, 1, 'y');
        assertLies("entry x/data.pkl has the name y/data.pkl in its own header");
    }

    @Test
    void refusesAnEntryWithAnotherMethodInItsOwnHeader() throws IOException {
        zip.set(zip.local(PICKLE) + ZipBytes.LOCAL_METHOD, 2, 8);
        assertLies("entry x/data.pkl has the method 8 in its own header, 0 in the directory");
    }

    @Test
    void refusesAnEntryWithAnotherChecksumInItsOwnHeader() throws IOException {
        zip.set(zip.local(FIRST) + ZipBytes.LOCAL_CRC, 4, 0x12345678);
        assertTensorLies("t", "entry x/data/0 has the CRC-32 12345678 in its own header, 6522df69 in the directory");
    }

    @Test
    void refusesAnEntryWithAnotherSizeInItsOwnHeader() throws IOException {
        zip.set(zip.local(FIRST) + ZipBytes.LOCAL_SIZE, 4, 7);
        assertTensorLies("t", "entry x/data/0 has the size 7 in its own header, 8 in the directory");
        zip.set(zip.local(FIRST) + ZipBytes.LOCAL_SIZE, 4, 8).set(zip.local(FIRST) + ZipBytes.LOCAL_STORED_SIZE, 4, 9);
        assertTensorLies("t", "entry x/data/0 has the stored size 9 in its own header, 8 in the directory");
    }

    @Test
    void refusesAStoredEntryOfTwoSizes() throws IOException {
        zip.set(zip.central(FIRST) + ZipBytes.CENTRAL_SIZE, 4, 1 << 30);
        assertRefused(path + ": entry x/data/0 is stored, but its sizes are 8 and 1073741824 bytes: damaged", this::open);
    }

    @Test
    void refusesDataThatItsChecksumDoesNotFit() throws IOException {
        zip.set(zip.data(FIRST), 1, 1);
        assertTensorLies("t", "entry x/data/0 has the CRC-32 a988dff7, wanted 6522df69");
        assertArrayEquals(new float[2], read("u"));
        zip.set(zip.data(PICKLE), 1, 1);
        assertRefusedWith(path + ": entry x/data.pkl has the CRC-32 ", this::open);
    }

    @Test
    void refusesEncryptedAndCompressedEntries() throws IOException {
        zip.set(zip.central(FIRST) + ZipBytes.CENTRAL_FLAGS, 2, 1);
        assertTensorLies("t", "entry x/data/0 is compressed or encrypted (method 0), wanted a stored one");
        zip.set(zip.central(FIRST) + ZipBytes.CENTRAL_FLAGS, 2, 0).set(zip.central(FIRST) + ZipBytes.CENTRAL_METHOD, 2, 8);
        assertTensorLies("t", "entry x/data/0 is compressed or encrypted (method 8), wanted a stored one");
    }

    /** It need not be inflated to be refused. */
    @Test
    void refusesAZipBomb() throws IOException {
        try (var out = new ZipOutputStream(Files.newOutputStream(path))) {
            TorchFiles.put(out, PICKLE, new byte[10_000_000], ZipEntry.DEFLATED);
        }
        assertRefusedWith(path + ": entry x/data.pkl is compressed or encrypted (method 8)", () -> TorchCheckpoint.open(path));
    }

    @Test
    void refusesEntriesThatShareTheirBytes() throws IOException {
        zip.set(zip.central(SECOND) + ZipBytes.CENTRAL_LOCAL, 4, zip.local(FIRST));
        assertLies("entries x/data/0 and x/data/1 both begin at byte %d".formatted(zip.local(FIRST)));
    }

    @Test
    void refusesAnEntryThatReachesIntoTheNext() throws IOException {
        for (var field : new int[] {
            zip.local(FIRST) + ZipBytes.LOCAL_SIZE, zip.local(FIRST) + ZipBytes.LOCAL_STORED_SIZE,
            zip.central(FIRST) + ZipBytes.CENTRAL_SIZE, zip.central(FIRST) + ZipBytes.CENTRAL_STORED_SIZE,
        }) {
            zip.set(field, 4, 9);
        }
        assertTensorLies("t", "entry x/data/0 ends at byte %d, beyond byte %d where what follows it begins"
                .formatted(zip.data(FIRST) + 9, zip.local(SECOND)));
    }

    @Test
    void refusesAnEntryInTheDirectory() throws IOException {
        var directory = zip.central(PICKLE);
        zip.set(zip.central(SECOND) + ZipBytes.CENTRAL_LOCAL, 4, directory);
        assertLies("entry x/data/1 begins at byte %d, within the directory".formatted(directory));
    }

    @Test
    void refusesADirectoryOfAnotherLength() throws IOException {
        var end = zip.end();
        var directory = zip.central(PICKLE);
        zip.set(end + ZipBytes.END_COUNT, 2, 2);
        assertLies("the directory of 2 entries ends at byte %d, wanted %d by its end record"
                .formatted(zip.central(SECOND), end));
        zip.set(end + ZipBytes.END_COUNT, 2, 4);
        assertRefusedWith(path + ": byte ", this::open);
        zip.set(end + ZipBytes.END_COUNT, 2, 3).set(end + ZipBytes.END_DIRECTORY_BYTES, 4, 1);
        assertLies("the directory of 3 entries ends at byte %d, wanted %d by its end record".formatted(end, directory + 1));
    }

    @Test
    void refusesADirectoryBeyondTheFile() throws IOException {
        zip.set(zip.end() + ZipBytes.END_DIRECTORY, 4, 0xffff_fff0L);
        assertRefusedWith(path + ": points to byte 4294967280, but ends at byte ", this::open);
    }

    @Test
    void refusesMoreEntriesThanAnyCheckpointHas() throws IOException {
        var torch = Files.readAllBytes(Fixtures.maskgitTiny("shortcut.pth"));
        var count = torch.length - 22 - 20 - 56 + 32; // in the ZIP64 end record
        zip = new ZipBytes(torch).set(count, 8, -1);
        assertRefused(path + ": has 18446744073709551615 entries, limit 262144", this::open);
    }

    /** An end record in the comment of another: readers that look from the front and from the back saw two archives. */
    @Test
    void refusesBytesAfterTheArchive() throws IOException {
        zip = new ZipBytes(Arrays.copyOf(zip.array(), zip.array().length + 1));
        assertRefused("%s: ZIP archive without an end record in its %d bytes: truncated, copy it again"
                .formatted(path, zip.array().length), this::open);
    }

    @Test
    void refusesAByteOrderThatIsAFile() throws IOException {
        try (var out = new ZipOutputStream(Files.newOutputStream(path))) {
            TorchFiles.put(out, PICKLE, new PickleBuilder().op(Opcode.NONE).stop(), ZipEntry.STORED);
            TorchFiles.put(out, "x/byteorder", "little".repeat(100).getBytes(StandardCharsets.US_ASCII), ZipEntry.STORED);
        }
        assertRefused(path + ": entry x/byteorder has 600 bytes, limit 16", () -> TorchCheckpoint.open(path));
    }

    @Test
    void refusesTwoPickles() throws IOException {
        try (var out = new ZipOutputStream(Files.newOutputStream(path))) {
            for (var name : List.of("x/data.pkl", "y/data.pkl")) {
                TorchFiles.put(out, name, new PickleBuilder().op(Opcode.NONE).stop(), ZipEntry.STORED);
            }
        }
        assertRefused(path + ": holds x/data.pkl and y/data.pkl, wanted one pickle: damaged or forged",
                () -> TorchCheckpoint.open(path));
    }

    @Test
    void refusesTwoEntriesOfOneName() throws IOException {
        for (var header : new int[] {zip.central(SECOND) + 46, zip.local(SECOND) + ZipBytes.LOCAL_NAME}) {
            zip.set(header + SECOND.length() - 1, 1, '0');
        }
        assertRefused(path + ": has two entries x/data/0", this::open);
    }

    private void assertLies(String sentence) {
        assertRefused(path + ": " + sentence + ": damaged or forged", this::open);
    }

    private void assertTensorLies(String tensor, String sentence) {
        assertRefusedWith(path + ": " + sentence, () -> read(tensor));
    }

    private float[] read(String tensor) throws IOException {
        try (var checkpoint = open()) {
            return checkpoint.stateDict().tensor(tensor).toFloats();
        }
    }

    private TorchCheckpoint open() throws IOException {
        Files.write(path, zip.array());
        return TorchCheckpoint.open(path);
    }
}
