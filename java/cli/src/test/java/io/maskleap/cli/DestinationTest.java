package io.maskleap.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.error.MaskleapException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class DestinationTest {
    @TempDir
    private Path folder;

    @Test
    void folderGetsNamesOfImages() {
        var destination = Destination.of(folder);
        assertEquals(folder.resolve("star-7.png"), destination.file("star-7"));
        assertEquals(folder.resolve("star-8.png"), destination.file("star-8", 1, 2));
    }

    @Test
    void missingFolderIsMadeOnlyWhenAsked() {
        var destination = Destination.of(folder.resolve("new"));
        assertEquals(folder.resolve("new/star-7.png"), destination.file("star-7"));
        assertFalse(Files.exists(folder.resolve("new")));
        destination.make();
        assertTrue(Files.isDirectory(folder.resolve("new")));
    }

    @Test
    void onlyTheClassOfALongNameIsShortened() {
        var name = "great white shark, white shark, man-eater, man-eating shark, Carcharodon carcharias";
        var shortened = "great-white-shark-white-shark-man-eater-man-eating-shark-Car";
        assertEquals(shortened + "-7", Destination.name(name, "7"));
        assertEquals(shortened + "-film-7", Destination.name(name, "film-7"));
    }

    @Test
    void numbersAreTheSameInEveryLanguage() {
        var language = Locale.getDefault();
        Locale.setDefault(Locale.forLanguageTag("ar-EG"));
        try {
            assertEquals(folder.resolve("x-1.png"), Destination.of(folder.resolve("x.png")).file("star-8", 1, 10));
        } finally {
            Locale.setDefault(language);
        }
    }

    @Test
    void fileIsTheOnlyImage() {
        assertEquals(folder.resolve("x.png"), Destination.of(folder.resolve("x.PNG")).file("star-7", 0, 1));
    }

    @Test
    void fileOfManyImagesIsNumbered() {
        var destination = Destination.of(folder.resolve("x.png"));
        assertEquals(folder.resolve("x-1.png"), destination.file("star-8", 1, 10));
        assertEquals(folder.resolve("x-01.png"), destination.file("star-8", 1, 11));
    }

    @Test
    void classNamesMayHoldAnything() {
        assertEquals("tench-Tinca-tinca-7", Destination.name("tench, Tinca/../tinca", "7"));
    }

    @Test
    void nothingIsLeftByTheTrial() throws IOException {
        Destination.of(folder);
        try (var files = Files.list(folder)) {
            assertEquals(0, files.count());
        }
    }

    @Test
    void whatCannotBeWrittenIsRefused() throws IOException {
        var nowhere = folder.resolve("no/such");
        assertSentence(nowhere.resolve("x.png") + ": there is no folder " + nowhere, nowhere.resolve("x.png"));
        assertSentence(nowhere + ": there is no folder " + nowhere.getParent(), nowhere);
        assertSentence(folder.resolve("x.jpg") + ": wanted a file ending in .png, or an existing folder", folder.resolve("x.jpg"));
        var file = Files.createFile(folder.resolve("file"));
        assertSentence(file + ": is a file, wanted one ending in .png, or a folder", file);
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void reasonIsForPeople() {
        assertSentence("cannot write to folder /proc: no such file or folder", Path.of("/proc"));
    }

    private static void assertSentence(String sentence, Path out) {
        assertEquals(sentence, assertThrows(MaskleapException.class, () -> Destination.of(out)).getMessage());
    }
}
