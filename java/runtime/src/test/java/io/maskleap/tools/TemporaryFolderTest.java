package io.maskleap.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TemporaryFolderTest {
    @TempDir
    private Path parent;

    private static void fill(Path folder) throws IOException {
        Files.createDirectory(folder.resolve("inner"));
        Files.writeString(folder.resolve("inner/file"), "text");
    }

    @Test
    void closingRemovesAllThatIsInIt() throws IOException {
        try (var folder = TemporaryFolder.at(parent.resolve("a"))) {
            fill(folder.path());
        }
        assertFalse(Files.exists(parent.resolve("a")));
    }

    @Test
    void whatWasMovedStays() throws IOException {
        try (var folder = TemporaryFolder.at(parent.resolve("a"))) {
            fill(folder.path());
            folder.moveTo(parent.resolve("b"));
        }
        assertEquals("text", Files.readString(parent.resolve("b/inner/file")));
    }

    /** As when the process ends while the work goes on: half a folder must not get the name. */
    @Test
    void nothingIsMovedOnceRemovalHasBegun() throws IOException {
        var folder = TemporaryFolder.at(parent.resolve("a"));
        fill(folder.path());
        folder.close();
        assertThrows(IOException.class, () -> folder.moveTo(parent.resolve("b")));
        assertFalse(Files.exists(parent.resolve("b")));
    }
}
