package io.maskleap.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is asked wrongly ends with status 2, a sentence, and where help is; no model is opened for it. */
class UsageTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "generate star --steps x          | Invalid value for option '--steps': 'x' is not an int",
        "generate star --count 0          | Invalid value for option '--count': wanted a whole number of at least 1, got '0'",
        "generate star --scale -2         | Invalid value for option '--scale': wanted a whole number of at least 1, got '-2'",
        "generate star --threads none     | Invalid value for option '--threads': wanted a whole number of at least 1, got 'none'",
        "verify x --device gpu            | Invalid value for option '--device': wanted cpu, cuda, cuda:N (GPU N, from 0), auto or emulated, got 'gpu'",
        "verify x --device emulated --threads 2 | --threads is for the CPU; leave it out with --device cuda and emulated",
        "generate star --budget some      | Invalid value for option '--budget': wanted a whole number or 'full', got 'some'",
        "generate star --schedule sine    | Invalid value for option '--schedule': wanted arccos, root, linear, square or cosine, got 'sine'",
        "generate star --randomize maybe  | Invalid value for option '--randomize': wanted linear, warm-up, random or none, got 'maybe'",
        "generate star --guidance x       | Invalid value for option '--guidance': wanted a number, got 'x'",
        "generate star --grid --film      | --grid, --film are mutually exclusive (specify only one)",
        "generate star --all-classes      | give classes or --all-classes, not both",
        "import maskgit --vqgan a --vqgan-config b --out c | Missing required option: '--base=FILE'",
        "import                           | Missing required subcommand",
        "info                             | Missing required parameter: 'PATH'",
        "verify                           | Missing required parameter: 'DIR'",
    })
    void wrongUsageIsTold(String line, String sentence) {
        var console = Console.run(line.split(" "));
        assertEquals(2, console.status(), console.err());
        assertEquals("maskleap: " + sentence, console.err().lines().findFirst().orElseThrow());
        assertTrue(console.err().lines().skip(1).findFirst().orElseThrow().endsWith("--help' shows what there is"), console.err());
        assertEquals("", console.out());
    }

    @Test
    void misspeltOptionIsGuessed() {
        var console = Console.run("generate", "star", "--sead", "3");
        assertEquals(2, console.status());
        assertTrue(console.err().startsWith("maskleap: Unknown option: '--sead'"), console.err());
        assertTrue(console.err().contains("--seed"), console.err());
    }

    @Test
    void noCommandIsWrongUsage() {
        assertEquals(2, Console.run().status());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "generate", "import", "import maskgit", "info", "verify", "devices", "version"})
    void everyCommandHasHelp(String command) {
        var console = Console.run((command + " --help").strip().split(" "));
        assertEquals(0, console.status(), console.err());
        assertTrue(console.out().startsWith(("Usage: maskleap " + command).strip()), console.out());
        assertEquals("", console.err());
    }

    @Test
    void stackTraceIsShownOnlyWhenAskedFor() {
        assertEquals(1, Console.run("info", "/no/such/file").err().lines().count());
        assertTrue(Console.run("info", "/no/such/file", "--stacktrace").err().contains("\tat io.maskleap"));
    }
}
