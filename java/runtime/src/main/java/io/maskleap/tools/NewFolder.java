package io.maskleap.tools;

import io.maskleap.error.MaskleapException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.function.Consumer;

/** A folder that appears under its name whole, or not at all. */
final class NewFolder {
    private final Path path;

    private NewFolder(Path path) {
        this.path = path;
    }

    /**
     * Checks that a folder can be made at {@code path}: nothing is there, or an empty folder.
     *
     * @throws MaskleapException where it cannot
     */
    static NewFolder at(Path path) {
        try {
            // A link to an empty folder is followed: a rename onto the link itself would fail.
            var target = Files.exists(path) ? path.toRealPath() : path.toAbsolutePath().normalize();
            if (Files.exists(target) && !Files.isDirectory(target)) {
                throw new MaskleapException(path + ": is a file; name a new folder");
            }
            if (Files.exists(target) && !isEmpty(target)) {
                throw new MaskleapException(path + ": is not empty; name a new folder");
            }
            if (!Files.isDirectory(target.getParent())) {
                throw new MaskleapException("%s: cannot be made: no folder %s".formatted(path, target.getParent()));
            }
            return new NewFolder(target);
        } catch (IOException e) {
            throw failed(path, e);
        }
    }

    /**
     * Has {@code content} write files into a hidden folder beside it, and renames that one; on an error it is removed.
     *
     * @throws MaskleapException where that fails, or something came to be there meanwhile
     */
    void write(Consumer<Path> content) {
        var hidden = path.resolveSibling("." + path.getFileName() + "." + UUID.randomUUID() + ".part");
        try (var folder = TemporaryFolder.at(hidden)) {
            content.accept(hidden);
            folder.moveTo(path);
        } catch (IOException e) {
            throw failed(path, e);
        }
    }

    private static boolean isEmpty(Path folder) throws IOException {
        try (var entries = Files.list(folder)) {
            return entries.findAny().isEmpty();
        }
    }

    private static MaskleapException failed(Path path, IOException e) {
        return new MaskleapException("%s: cannot be made: %s (%s)"
                .formatted(path, e.getMessage(), e.getClass().getSimpleName()), e);
    }
}
