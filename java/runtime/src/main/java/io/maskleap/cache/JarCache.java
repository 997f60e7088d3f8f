package io.maskleap.cache;

import io.maskleap.error.MaskleapException;
import io.maskleap.error.Reason;
import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32;

/**
 * Files that travel in jars, unpacked once into a per-user cache: {@code CACHE/NAME OF THE JAR/CHECKSUM/FILE}.
 *
 * <p>Every use reads the files whole and compares them with size and CRC-32 in the jar's directory, which costs about a
 * millisecond for 6 MB; one that was cut short or changed is unpacked again. Processes need no lock: a file gets its name when
 * it is whole, by a rename, and whoever comes later replaces it with the same bytes. A file that a process has loaded stays as
 * it is. A cache that cannot be written serves as long as it is whole, and may be removed at any time.
 */
public final class JarCache {
    /** Names the cache's folder; default: {@code maskleap} in {@code $XDG_CACHE_HOME} or {@code ~/.cache}. */
    public static final String FOLDER_PROPERTY = "maskleap.cache";

    private JarCache() {
    }

    /**
     * The folder that holds these files, unpacked where they are not there yet; for files in no jar, where they lie.
     *
     * @param resources files of one folder, as a class loader finds them
     * @throws MaskleapException where a file cannot be unpacked
     */
    public static Path unpack(List<URL> resources) {
        var first = resources.getFirst();
        if (first.getProtocol().equals("file")) {
            return Path.of(URI.create(first.toString())).getParent();
        }
        return unpack(resources, root(System.getProperty(FOLDER_PROPERTY), System.getenv("XDG_CACHE_HOME"), System.getProperty("user.home")));
    }

    static Path unpack(List<URL> resources, Path root) {
        var files = resources.stream().map(JarCache::packed).toList();
        var folder = root.resolve(files.getFirst().jar()).resolve(key(files));
        for (var file : files) {
            var target = folder.resolve(file.name());
            if (!file.isIn(target)) {
                unpack(file, target);
            }
        }
        return folder;
    }

    private static PackedFile packed(URL resource) {
        try {
            return PackedFile.of(resource);
        } catch (IOException e) {
            throw new MaskleapException(resource + ": cannot be read: " + Reason.of(e), e);
        }
    }

    /** Other content under the same jar's name, as of a snapshot, gets a folder of its own: no process finds its files exchanged. */
    private static String key(List<PackedFile> files) {
        var crc = new CRC32();
        files.forEach(file -> crc.update((file.name() + ' ' + file.bytes() + ' ' + file.crc() + '\n').getBytes()));
        return "%08x".formatted(crc.getValue());
    }

    private static void unpack(PackedFile file, Path target) {
        var part = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".part");
        try {
            Files.createDirectories(target.getParent());
            file.copyTo(part);
            if (!file.isIn(part)) {
                throw new IOException("what the jar holds is damaged");
            }
            Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new MaskleapException("%s of %s cannot be unpacked to %s (%s); name another folder with -D%s=DIR"
                    .formatted(file.name(), file.jar(), target.getParent(), Reason.of(e), FOLDER_PROPERTY), e);
        } finally {
            deleteIfLeft(part);
        }
    }

    private static void deleteIfLeft(Path part) {
        try {
            Files.deleteIfExists(part);
        } catch (IOException _) {
            // The failure that left it here is the one to report.
        }
    }

    /** The cache's folder. As its specification has it, a relative {@code XDG_CACHE_HOME} does not count. */
    static Path root(String property, String xdgCacheHome, String userHome) {
        if (property != null && !property.isEmpty()) {
            return Path.of(property).toAbsolutePath();
        }
        if (xdgCacheHome != null && Path.of(xdgCacheHome).isAbsolute()) {
            return Path.of(xdgCacheHome, "maskleap");
        }
        if (userHome == null || !Path.of(userHome).isAbsolute()) { // "?" where the system knows no home
            throw new MaskleapException("there is no home folder to keep unpacked files in (user.home is " + userHome
                    + "); name a folder with -D" + FOLDER_PROPERTY + "=DIR");
        }
        return Path.of(userHome, ".cache", "maskleap");
    }
}
