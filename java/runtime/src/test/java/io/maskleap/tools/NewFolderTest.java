package io.maskleap.tools;

import static io.maskleap.tools.Refusal.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.maskleap.error.MaskleapException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NewFolderTest {
    @TempDir
    Path parent;

    private Path path;

    @BeforeEach
    void namePath() {
        path = parent.resolve("new");
    }

    @Test
    void appearsOnlyWhenItIsWhole() {
        NewFolder.at(path).write(hidden -> {
            write(hidden);
            assertFalse(Files.exists(path));
        });
        assertEquals(List.of(path), children(parent));
        assertEquals(List.of(path.resolve("a")), children(path));
    }

    @Test
    void replacesAnEmptyFolder() throws IOException {
        Files.createDirectory(path);
        NewFolder.at(path).write(NewFolderTest::write);
        assertEquals(List.of(path.resolve("a")), children(path));
    }

    @Test
    void followsALinkToAnEmptyFolder() throws IOException {
        var real = Files.createDirectory(parent.resolve("real"));
        Files.createSymbolicLink(path, real);
        NewFolder.at(path).write(NewFolderTest::write);
        assertEquals(List.of(real.resolve("a")), children(real));
    }

    @Test
    void leavesNothingAfterAnError() {
        var folder = NewFolder.at(path);
        assertThrows(OutOfMemoryError.class, () -> folder.write(hidden -> {
            write(hidden);
            throw new OutOfMemoryError();
        }));
        assertEquals(List.of(), children(parent));
    }

    @Test
    void keepsWhatCameToBeThereMeanwhile() {
        var folder = NewFolder.at(path);
        assertThrows(MaskleapException.class, () -> folder.write(hidden -> {
            write(hidden);
            create(path);
            write(path);
        }));
        assertEquals(List.of(path), children(parent));
    }

    @Test
    void refusesAFolderThatIsNotEmpty() {
        create(path);
        write(path);
        assertRefused(path + ": is not empty; name a new folder", () -> NewFolder.at(path));
    }

    @Test
    void refusesAFile() {
        write(parent);
        assertRefused(parent.resolve("a") + ": is a file; name a new folder", () -> NewFolder.at(parent.resolve("a")));
    }

    @Test
    void refusesAMissingParent() {
        assertRefused(path.resolve("b") + ": cannot be made: no folder " + path, () -> NewFolder.at(path.resolve("b")));
    }

    private static void write(Path folder) {
        try {
            Files.writeString(folder.resolve("a"), "a");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void create(Path folder) {
        try {
            Files.createDirectory(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Path> children(Path folder) {
        try (var children = Files.list(folder)) {
            return children.toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
