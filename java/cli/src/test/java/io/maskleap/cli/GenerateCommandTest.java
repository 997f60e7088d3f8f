package io.maskleap.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole runs with the demo model, in few steps. */
class GenerateCommandTest {
    @TempDir
    private Path folder;

    private Console generate(String arguments) {
        return Console.run(("generate " + arguments.replace("DIR", folder.toString())).split(" "));
    }

    private List<String> files() throws IOException {
        try (var files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private String text(String file) throws IOException {
        return Files.readString(folder.resolve(file), StandardCharsets.ISO_8859_1);
    }

    /** A PNG's iTXt chunk, without compression, language and translation. */
    private static String chunk(String keyword, String text) {
        return "iTXt" + keyword + "\0".repeat(5) + text;
    }

    @Test
    void imagesAreNamedByClassAndSeed() throws IOException {
        var console = generate("star 0 --count 2 --seed 7 --steps 4 --budget 2 --out DIR");
        assertEquals(0, console.status(), console.err());
        assertEquals(List.of("circle-10.png", "circle-9.png", "star-7.png", "star-8.png"), files());
        assertEquals(folder.resolve("star-7.png").toString(), console.out().lines().findFirst().orElseThrow());
        assertTrue(console.err().contains("image 4 of 4: circle, seed 10"), console.err());
        assertTrue(text("star-8.png").contains(chunk("Seed", "8")));
    }

    @Test
    void imageComesOutTheSameAloneAndAmongOthers() throws IOException {
        generate("star --count 3 --seed 7 --steps 4 --budget 2 --out DIR --quiet");
        var among = Files.readAllBytes(folder.resolve("star-9.png"));
        generate("star --seed 9 --steps 4 --budget 2 --out DIR/alone.png --threads 1");
        assertArrayEquals(among, Files.readAllBytes(folder.resolve("alone.png")));
    }

    @Test
    void sheetsTellHowToMakeTheirImagesAgain() throws IOException {
        assertEquals(0, generate("star heart --count 2 --grid --seed 7 --steps 2 --budget full --out DIR").status());
        assertTrue(text("grid-7.png").contains(chunk("Class", "star, heart")));
        assertTrue(text("grid-7.png").contains(chunk("Seed", "7")));
        var film = generate("star --film --seed 7 --steps 3 --budget 2 --out DIR");
        assertTrue(film.err().contains(FilmFrame.LEGEND), film.err());
        assertTrue(text("star-film-7.png").contains(FilmFrame.LEGEND));
        assertEquals(List.of("grid-7.png", "star-film-7.png"), files());
    }

    @Test
    void jsonIsAllThatIsTold() {
        var console = generate("star --seed 7 --steps 2 --budget full --out DIR --json");
        assertEquals("", console.err());
        assertEquals(1, console.out().lines().count());
        assertTrue(console.out().startsWith("{\"model\":\"demo\","), console.out());
        assertTrue(console.out().contains("\"seed\":7"), console.out());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "star --steps 0              | steps is 0",
        "star --budget 1             | budget is 1",
        "star --steps 8 --budget 9   | budget is 9",
        "star --guidance NaN         | guidance is NaN",
        "star --guidance -inf        | guidance is -Infinity, wanted a finite number",
        "star --gumbel-temperature Infinity | Infinity",
        "blob                        | there is no class \"blob\"",
        "star --scale 500000         | is beyond the limit",
        "star --model DIR/none       | no such model folder",
    })
    void whatCannotBeDoneIsToldAndLeavesNoFile(String arguments, String part) throws IOException {
        var console = generate(arguments + " --out DIR");
        assertEquals(1, console.status());
        assertTrue(console.err().startsWith("maskleap: "), console.err());
        assertTrue(console.err().contains(part), console.err());
        assertEquals(1, console.err().lines().count(), console.err());
        assertFalse(console.err().contains("internal error"), console.err());
        assertEquals(List.of(), files());
    }

    @ParameterizedTest
    @ValueSource(strings = {"blob", "star --model DIR/none", "star --steps 0", "star --scale 500000", "star --grid --scale 500000"})
    void failedCommandMakesNoFolder(String arguments) throws IOException {
        assertEquals(1, generate(arguments + " --out DIR/new").status());
        assertEquals(List.of(), files());
    }
}
