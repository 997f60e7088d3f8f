package io.maskleap.benchmarks.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.benchmarks.subject.Work;
import io.maskleap.error.MaskleapException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xml.sax.InputSource;

/** A report: compared, written, read, and shown. */
class ReportTest {
    private static final Work PRODUCT = new Work(2e9, 0);
    private static final Work COPY = new Work(0, 8e6);

    private static final List<Line> CEILINGS = List.of(
            Lines.of("product small", "f32", "oneDNN", 10, new Work(1e9, 0)),       // 100 TFLOP/s
            Lines.of("product large", "f32", "oneDNN", 5, new Work(1e9, 0)),        // 200 TFLOP/s, the peak
            Lines.of("copy 4 MB", "f32", "memcpy", 40, new Work(0, 4e6)),           // 100 GB/s
            Lines.of("copy 16 MB", "f32", "memcpy", 320, new Work(0, 16e6)));       // 50 GB/s

    @TempDir
    Path folder;

    private static Report report() {
        var lines = List.of(Lines.of("attention 1x2", "f32", "maskleap", 20, PRODUCT), Lines.of("attention 1x2", "f32", "mine.so", 40, PRODUCT),
                Lines.of("attention 1x2", "f32", "libtorch", 35, PRODUCT), Lines.of("attention 1x2", "f32", "libtorch", 30, PRODUCT),
                Lines.of("sampler <1>", "f32", "maskleap", 1600, COPY), Lines.of("sampler <1>", "f32", "libtorch", 400, COPY));
        var facts = new LinkedHashMap<>(Map.of("hardware", "a processor, 2 cores", "commit", "abc1234", "threads", "2"));
        return new Report(facts, CEILINGS, Report.compare(lines, new Ceiling(CEILINGS)), Map.of("full step f32", 12.5),
                Map.of("attention 1x2 f32: MKL + matmul", 31.0), List.of("row by mine.so: wrong"));
    }

    @Test
    void linesAreComparedWithLibtorchsBest() {
        var lines = report().lines();
        assertEquals(1.5, lines.get(0).ratio().orElseThrow(), 1e-9);
        assertEquals(0.75, lines.get(1).ratio().orElseThrow(), 1e-9);
        assertEquals(OptionalDouble.empty(), lines.get(2).ratio());
    }

    @Test
    void operationsAreComparedWithTheBestProductOfTheirDtype() {
        var ceiling = new Ceiling(CEILINGS);
        assertEquals(10, ceiling.least(PRODUCT, "f32").orElseThrow(), 1e-9);
        assertEquals(OptionalDouble.empty(), ceiling.least(PRODUCT, "bf16"));
        assertEquals(0.5, report().lines().getFirst().ofPeak().orElseThrow(), 1e-9);
    }

    @Test
    void bytesAreComparedWithTheSmallestCopyThatTouchesAsMany() {
        var ceiling = new Ceiling(CEILINGS);
        assertEquals(10, ceiling.least(new Work(0, 1e6), "f32").orElseThrow(), 1e-9);
        assertEquals(160, ceiling.least(COPY, "bf16").orElseThrow(), 1e-9);
        assertEquals(640, ceiling.least(new Work(0, 32e6), "f32").orElseThrow(), 1e-9);
    }

    @Test
    void whicheverTakesLongerIsTheBound() {
        assertEquals(160, new Ceiling(CEILINGS).least(new Work(2e9, 8e6), "f32").orElseThrow(), 1e-9);
        assertEquals(500, new Ceiling(CEILINGS).least(new Work(1e11, 8e6), "f32").orElseThrow(), 1e-9);
    }

    @Test
    void whatIsWrittenIsRead() {
        var file = folder.resolve("report.json");
        var written = report();
        written.write(file);
        assertEquals(written, Report.read(file));
    }

    @Test
    void aLineStatesItsRate() {
        var lines = report().lines();
        assertEquals(1e5, lines.getFirst().rate(), 1e-6);
        assertEquals("GFLOP/s", lines.getFirst().unit());
        assertEquals(5, lines.get(4).rate(), 1e-9);
        assertEquals("GB/s", lines.get(4).unit());
    }

    @Test
    void theMiddleRoundIsTaken() {
        var middle = TimeStatistics.middle(List.of(new TimeStatistics(3, 2, 4, 10), new TimeStatistics(1, 1, 2, 10), new TimeStatistics(2, 1.5, 3, 10)));
        assertEquals(new TimeStatistics(2, 1, 3, 30), middle);
    }

    @ParameterizedTest
    @CsvSource({"0.1234, 0.123 µs", "12.34, 12.3 µs", "999.4, 999 µs", "1000, 1.00 ms", "123456, 123 ms", "5090000, 5.09 s"})
    void timesHaveThreeDigits(double microseconds, String words) {
        assertEquals(words, Numbers.time(microseconds));
    }

    @Test
    void tableForATerminal() {
        var text = TextTable.of(report());
        assertTrue(text.contains("attention 1x2  f32    2        maskleap                x86-64-v4        20.0 µs  100000 GFLOP/s  50 %     1.50x\n"), text);
        assertTrue(text.contains("\n                      2        libtorch: MKL + matmul  x86-64-v4"), text);
        assertTrue(text.endsWith("Java heap, full step f32: 12.5 bytes a step\nFAILED row by mine.so: wrong\n"), text);
    }

    @Test
    void tableInADocumentIsMadeAnew() {
        report().write(folder.resolve("report.json"));
        var text = "before\n<!-- bench report.json: attention -->\nold\n<!-- /bench -->\nafter\n";
        var updated = Document.updated(text, folder);
        assertEquals("""
                before
                <!-- bench report.json: attention -->
                | | f32 | of peak | libtorch takes |
                |---|---|---|---|
                | attention 1x2 | 20.0 µs | 50 % | 1.50x |

                Medians on 2 threads of a processor, 2 cores, commit abc1234: [record](report.json).
                <!-- /bench -->
                after
                """, updated);
        assertEquals(updated, Document.updated(updated, folder));
    }

    @Test
    void aDocumentWithoutItsReportIsRefused() {
        var error = assertThrows(MaskleapException.class, () -> Document.updated("<!-- bench none.json -->\n<!-- /bench -->", folder));
        assertTrue(error.getMessage().contains("none.json"), error.getMessage());
    }

    /** The tables that people read are those of the reports that lie beside them. */
    @ParameterizedTest
    @CsvSource({"..", "."})
    void committedTablesAreThoseOfTheirReports(Path place) throws IOException {
        var readme = place.resolve("README.md");
        var text = Files.readString(readme);
        assertEquals(Document.updated(text, place), text, readme + " is older than its report; benchmarks/bench tables " + readme);
    }

    @Test
    void plotIsWellFormedAndShowsWhoIsFaster() throws Exception {
        var svg = Plot.svg(report());
        var document = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(svg)));
        var texts = document.getElementsByTagName("text");
        var words = new StringBuilder();
        for (int i = 0; i < texts.getLength(); i++) {
            words.append(texts.item(i).getTextContent()).append('|');
        }
        assertTrue(words.toString().contains("|sampler <1>|"), words.toString());
        assertTrue(words.toString().contains("1.50x|") && words.toString().contains("0.25x|"), words.toString());
    }

    @Test
    void aReportWithoutPeersHasNoPlot() {
        var alone = new Report(Map.of(), List.of(), List.of(Lines.of("attention 1x2", "f32", "maskleap", 20, PRODUCT)), Map.of(), Map.of(), List.of());
        assertThrows(IllegalArgumentException.class, () -> Plot.svg(alone));
    }
}
