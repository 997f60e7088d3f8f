package io.maskleap.cache;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.maskleap.error.MaskleapException;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class JarCacheTest {
    private static final List<String> NAMES = List.of("libone.so", "two.json");
    private static final byte[] LARGE = new byte[1_000_003];

    static {
        new Random(3).nextBytes(LARGE);
    }

    @TempDir
    private Path folder;

    private Path cache;
    private Path jar;

    @BeforeEach
    void makeJar() throws IOException {
        cache = folder.resolve("cache");
        jar = jar("tool-1.2.jar", LARGE, "{}".getBytes(UTF_8));
    }

    /** Its entries lie there as they are, so that a test can change one behind the directory's back. */
    private Path jar(String name, byte[]... contents) throws IOException {
        var path = folder.resolve(name);
        try (var out = new ZipOutputStream(Files.newOutputStream(path))) {
            for (int i = 0; i < contents.length; i++) {
                var entry = new ZipEntry("some/files/" + NAMES.get(i));
                var crc = new CRC32();
                crc.update(contents[i]);
                entry.setMethod(ZipEntry.STORED);
                entry.setSize(contents[i].length);
                entry.setCrc(crc.getValue());
                out.putNextEntry(entry);
                out.write(contents[i]);
            }
        }
        return path;
    }

    private static List<URL> resources(Path jar) {
        return NAMES.stream().map(name -> url("jar:" + jar.toUri() + "!/some/files/" + name)).toList();
    }

    private static URL url(String text) {
        try {
            return URI.create(text).toURL();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private Path unpack() {
        return JarCache.unpack(resources(jar), cache);
    }

    private static void assertWhole(Path unpacked) throws IOException {
        assertEquals(NAMES, list(unpacked));
        assertArrayEquals(LARGE, Files.readAllBytes(unpacked.resolve("libone.so")));
        assertEquals("{}", Files.readString(unpacked.resolve("two.json")));
    }

    private static List<String> list(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private static Object identity(Path file) throws IOException {
        return Files.readAttributes(file, "unix:ino,lastModifiedTime");
    }

    @Test
    void filesLieTogetherUnderTheJarsName() throws IOException {
        var unpacked = unpack();
        assertEquals(cache.resolve("tool-1.2"), unpacked.getParent());
        assertWhole(unpacked);
    }

    @Test
    void whatIsWholeIsNotWrittenAgain() throws IOException {
        var first = identity(unpack().resolve("libone.so"));
        assertEquals(first, identity(unpack().resolve("libone.so")));
    }

    private enum Harm {
        EMPTIED, CUT, LENGTHENED, CHANGED, REMOVED;

        void doTo(Path file) throws IOException {
            var bytes = Files.readAllBytes(file);
            switch (this) {
                case EMPTIED -> Files.write(file, new byte[0]);
                case CUT -> Files.write(file, Arrays.copyOf(bytes, bytes.length - 1));
                case LENGTHENED -> Files.write(file, Arrays.copyOf(bytes, bytes.length + 1));
                case CHANGED -> {
                    var time = Files.getLastModifiedTime(file);
                    bytes[bytes.length / 2] ^= 1;
                    Files.write(file, bytes);
                    Files.setLastModifiedTime(file, time);
                }
                case REMOVED -> Files.delete(file);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void corruptedFileHeals(Harm harm) throws IOException {
        harm.doTo(unpack().resolve("libone.so"));
        assertWhole(unpack());
    }

    /** As a library that another process has loaded. */
    @Test
    void healingLeavesAnOpenFileAsItIs() throws IOException {
        var file = unpack().resolve("two.json");
        Files.writeString(file, "[]");
        try (var open = Files.newInputStream(file)) {
            assertWhole(unpack());
            assertEquals("[]", new String(open.readAllBytes(), UTF_8));
        }
    }

    /** As after a snapshot was built again. */
    @Test
    void otherContentUnderTheSameNameGetsAFolderOfItsOwn() throws IOException {
        var first = unpack();
        jar = jar("tool-1.2.jar", LARGE, "[]".getBytes(UTF_8));
        var second = unpack();
        assertNotEquals(first, second);
        assertWhole(first);
        assertEquals("[]", Files.readString(second.resolve("two.json")));
    }

    /** The other processes' program. */
    static final class Unpacking {
        private Unpacking() {
        }

        public static void main(String[] args) throws IOException {
            var jar = Path.of(args[0]);
            System.in.read(); // until all have started
            System.out.print(JarCache.unpack(resources(jar), Path.of(args[1])));
        }
    }

    @Test
    void processesThatStartAtOnceAllFindWholeFiles() throws Exception {
        var classPath = Stream.of(JarCache.class, JarCacheTest.class).map(type -> type.getProtectionDomain().getCodeSource().getLocation().getPath()).toList();
        var command = List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1", "-cp",
                String.join(File.pathSeparator, classPath), Unpacking.class.getName(), jar.toString(), cache.toString());
        var processes = IntStream.range(0, 4).mapToObj(i -> start(command)).toList();
        for (var process : processes) {
            process.getOutputStream().close();
        }
        for (var process : processes) {
            var printed = new String(process.getInputStream().readAllBytes(), UTF_8);
            assertEquals(0, process.waitFor(), printed);
            assertEquals(cache.resolve("tool-1.2/" + key()).toString(), printed);
        }
        assertWhole(cache.resolve("tool-1.2/" + key()));
    }

    private static Process start(List<String> command) {
        try {
            return new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void filesInNoJarStayWhereTheyAre() throws IOException {
        var file = Files.writeString(folder.resolve("with space.txt"), "text");
        assertEquals(folder, JarCache.unpack(List.of(file.toUri().toURL())));
    }

    @Test
    void filesInARuntimeImageAreUnpackedToo() throws IOException {
        var unpacked = JarCache.unpack(List.of(url("jrt:/java.base/java/lang/Object.class")), cache);
        assertEquals(cache.resolve("image"), unpacked.getParent());
        try (var in = Object.class.getResourceAsStream("Object.class")) {
            assertArrayEquals(in.readAllBytes(), Files.readAllBytes(unpacked.resolve("Object.class")));
        }
    }

    private void assertRefused(String file, String reason) {
        var message = assertThrows(MaskleapException.class, this::unpack).getMessage();
        assertEquals("%s of tool-1.2 cannot be unpacked to %s (%s); name another folder with -Dmaskleap.cache=DIR"
                .formatted(file, cache.resolve("tool-1.2/" + key()), reason), message);
    }

    /** The folder's name, as a cache elsewhere shows it. */
    private String key() {
        return JarCache.unpack(resources(jar), folder.resolve("elsewhere")).getFileName().toString();
    }

    @Test
    void folderThatCannotBeWrittenIsNamed() throws IOException {
        Files.createDirectory(cache, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("r-xr-xr-x")));
        assumeFalse(Files.isWritable(cache), "root may write everywhere");
        assertRefused("libone.so", "access denied");
    }

    @Test
    void folderThatIsAFileIsNamed() throws IOException {
        Files.createFile(cache);
        assertRefused("libone.so", "Not a directory");
    }

    @Test
    void wholeCacheServesWithoutBeingWritten() throws IOException {
        var unpacked = unpack();
        Files.setPosixFilePermissions(unpacked, PosixFilePermissions.fromString("r-xr-xr-x"));
        try {
            assertWhole(unpack());
        } finally {
            Files.setPosixFilePermissions(unpacked, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
    }

    @Test
    void damagedJarIsNamedAndLeavesNothing() throws IOException {
        var key = key();
        var bytes = Files.readAllBytes(jar);
        bytes[bytes.length / 2] ^= 1;
        Files.write(jar, bytes);
        assertRefused("libone.so", "what the jar holds is damaged");
        assertEquals(List.of(), list(cache.resolve("tool-1.2").resolve(key)));
    }

    @ParameterizedTest
    @CsvSource({
        "/named,     /xdg, /home/me, /named",
        ",           /xdg, /home/me, /xdg/maskleap",
        "'',         /xdg, /home/me, /xdg/maskleap",
        ",           xdg,  /home/me, /home/me/.cache/maskleap",
        ",           '',   /home/me, /home/me/.cache/maskleap",
        ",           ,     /home/me, /home/me/.cache/maskleap",
    })
    void cacheLiesWhereTheUserSaysOrInHisHome(String property, String xdgCacheHome, String userHome, Path expected) {
        assertEquals(expected, JarCache.root(property, xdgCacheHome, userHome));
    }

    @Test
    void missingHomeIsNamed() {
        var message = assertThrows(MaskleapException.class, () -> JarCache.root(null, null, "?")).getMessage();
        assertEquals("there is no home folder to keep unpacked files in (user.home is ?); name a folder with -Dmaskleap.cache=DIR", message);
    }
}
