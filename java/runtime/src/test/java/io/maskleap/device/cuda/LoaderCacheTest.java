package io.maskleap.device.cuda;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoaderCacheTest {
    private static final int X86_64 = 0x0303;
    private static final int I386 = 0x0003;

    @TempDir
    private Path folder;

    record Entry(int flags, String path) {
    }

    /** A list as ldconfig writes it; see {@link LoaderCache}. */
    static byte[] list(Entry... entries) {
        var text = new ByteArrayOutputStream();
        int textStart = 48 + 24 * entries.length;
        var header = ByteBuffer.allocate(textStart).order(ByteOrder.LITTLE_ENDIAN);
        header.put("glibc-ld.so.cache1.1".getBytes(US_ASCII)).putInt(entries.length).position(48);
        for (var entry : entries) {
            int pathOffset = textStart + text.size();
            int nameOffset = pathOffset + entry.path().lastIndexOf('/') + 1;
            text.writeBytes((entry.path() + "\0").getBytes(US_ASCII));
            header.putInt(entry.flags()).putInt(nameOffset).putInt(pathOffset).putInt(0).putLong(0);
        }
        header.putInt(24, text.size());
        return concat(header.array(), text.toByteArray());
    }

    private static byte[] concat(byte[] first, byte[] second) {
        var both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    private List<Path> read(byte[] bytes) throws IOException {
        return LoaderCache.paths(Files.write(folder.resolve("ld.so.cache"), bytes));
    }

    @Test
    void librariesOfThisArchitectureAreReadInOrder() throws IOException {
        assertEquals(List.of(Path.of("/b/libb.so.2"), Path.of("/a/liba.so.1")),
                read(list(new Entry(X86_64, "/b/libb.so.2"), new Entry(I386, "/c/libb.so.2"), new Entry(X86_64, "/a/liba.so.1"))));
    }

    @Test
    void listInAnOlderFormatMayComeFirst() throws IOException {
        assertEquals(List.of(Path.of("/a/liba.so.1")), read(concat("ld.so-1.7.0\0\0\0\0\0".getBytes(US_ASCII), list(new Entry(X86_64, "/a/liba.so.1")))));
    }

    @Test
    void missingFileHasNothing() {
        assertEquals(List.of(), LoaderCache.paths(folder.resolve("none")));
    }

    @Test
    void fileThatIsCutShortAnywhereHasNothing() throws IOException {
        var whole = list(new Entry(X86_64, "/a/liba.so.1"));
        for (int bytes = 0; bytes < whole.length; bytes++) {
            assertEquals(List.of(), read(Arrays.copyOf(whole, bytes)), bytes + " bytes");
        }
    }

    @Test
    void offsetsOutsideTheFileHaveNothing() throws IOException {
        for (int offset : new int[] {Integer.MIN_VALUE, -1, 1 << 20, Integer.MAX_VALUE}) {
            var bytes = list(new Entry(X86_64, "/a/liba.so.1"));
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(48 + 8, offset);
            assertEquals(List.of(), read(bytes), Integer.toString(offset));
        }
    }

    @Test
    void thisSystemsOwnListNamesFilesThatAreThere() {
        var cache = Path.of("/etc/ld.so.cache");
        assumeTrue(Files.exists(cache) && System.getProperty("os.arch").equals("amd64"));
        var libc = LoaderCache.paths(cache).stream().filter(path -> path.endsWith("libc.so.6")).findFirst();
        assertTrue(libc.filter(Files::exists).isPresent(), libc.toString());
    }
}
