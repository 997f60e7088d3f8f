package io.maskleap.benchmarks.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.benchmarks.libtorch.Blas;
import io.maskleap.benchmarks.report.Line;
import io.maskleap.benchmarks.report.Lines;
import io.maskleap.benchmarks.row.Rows;
import io.maskleap.benchmarks.subject.Library;
import io.maskleap.benchmarks.subject.Work;
import io.maskleap.kernel.Dtype;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a run chooses, composes and refuses; and one measurement in a process of its own. */
class RunTest {
    private static final String ATTENTION = "attention 2x16x1025x48";
    private static final String LAYER_NORM = "add + LayerNorm 2050x768";

    private static Trial trial(String row, Dtype dtype, String way, double microseconds) {
        return new Trial(row, dtype, Blas.MKL, way, microseconds);
    }

    @Test
    void theBestWayIsTimedAndOneThatIsClose() {
        var trials = List.of(trial(ATTENTION, Dtype.F32, "slow", 300), trial(ATTENTION, Dtype.F32, "close", 110), trial(ATTENTION, Dtype.F32, "best", 100),
                trial(ATTENTION, Dtype.F32, "third", 112), trial(ATTENTION, Dtype.BF16, "other", 1));
        assertEquals(List.of("best", "close"), Trial.best(trials, ATTENTION, Dtype.F32).stream().map(Trial::way).toList());
        assertEquals(List.of("other"), Trial.best(trials, ATTENTION, Dtype.BF16).stream().map(Trial::way).toList());
        assertEquals(List.of(), Trial.best(trials, LAYER_NORM, Dtype.F32));
    }

    @Test
    void theBlasIsNamedWhereItMatters() {
        assertEquals("MKL + matmul", trial(ATTENTION, Dtype.F32, "matmul", 1).setting());
        assertEquals("add_", trial(LAYER_NORM, Dtype.F32, "add_", 1).setting());
    }

    @Test
    void anImageIsComposedOfTheBestOfItsParts() {
        var work = new Work(1e6, 0);
        var lines = List.of(Lines.of(Rows.FULL_STEP, "f32", "maskleap", 100, work), Lines.of(Rows.SHORTCUT_STEP, "f32", "maskleap", 10, work),
                Lines.of(Rows.DECODE, "f32", "maskleap", 1000, work), Lines.of(Rows.FULL_STEP, "f32", "libtorch", 300, work),
                Lines.of(Rows.FULL_STEP, "f32", "libtorch", 200, work), Lines.of(Rows.SHORTCUT_STEP, "f32", "libtorch", 20, work),
                Lines.of(Rows.DECODE, "f32", "libtorch", 2000, work), Lines.of(Rows.FULL_STEP, "bf16", "maskleap", 50, work));
        var images = Composition.images(lines);
        assertEquals(List.of("maskleap", "libtorch"), images.stream().map(Line::by).toList());
        assertEquals(12 * 100 + 20 * 10 + 1000, images.get(0).times().median(), 1e-9);
        assertEquals(12 * 200 + 20 * 20 + 2000, images.get(1).times().median(), 1e-9);
        assertEquals(33e6, images.get(0).work().operations(), 1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "cpu, float32 and bfloat16, g++ 12.2.0, x86-64-v4-bf16 (AVX-512 with products of bfloat16, 16 floats a vector), OpenMP 201511, 2 threads|x86-64-v4-bf16",
        "libtorch 2.10.0, AVX512, 2 threads|AVX512",
        "somebody's library|''"})
    void theInstructionSetIsWhatALibraryTells(String library, String instructionSet) {
        assertEquals(instructionSet, Bench.instructionSet(library));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "run nothing-of-this-name|1|no row's name contains nothing-of-this-name",
        "run --dtype f16|1|dtype is \"f16\", wanted f32 or bf16",
        "run --threads 0|1|--threads is 0",
        "run --library /no/such.so|1|library /no/such.so: no such file",
        "run --nonsense|2|Unknown option: '--nonsense'",
        "plot none.json none.svg|1|none.json",
        "tables|2|Missing required parameter"})
    void whatIsWrongIsSaidInASentence(String commandLine, int status, String sentence) {
        var err = new StringWriter();
        assertEquals(status, Main.commandLine().setErr(new PrintWriter(err, true)).execute(commandLine.split(" ")));
        assertTrue(err.toString().startsWith("bench: ") && err.toString().contains(sentence), err.toString());
        assertEquals(1, err.toString().strip().lines().count(), err.toString());
    }

    @Test
    void rowsAreListed() {
        var out = new StringWriter();
        assertEquals(0, Main.commandLine().setOut(new PrintWriter(out, true)).execute("list"));
        assertEquals(Rows.all().size(), out.toString().lines().count());
    }

    @Test
    void aRowIsVerifiedAndTimedInAProcessOfItsOwn(@TempDir Path scratch) {
        var found = new JmhRun(scratch, 2, true).maskleap(Rows.named(LAYER_NORM), Dtype.F32, Library.BUILT_IN);
        assertTrue(found.times().median() > 0 && found.times().least() <= found.times().median() && found.times().samples() > 0, found.toString());
        assertTrue(found.error() < 1e-5, found.toString());
        assertTrue(found.library().contains("2 threads"), found.library());
    }

    @Test
    void whatAMeasurementFailsOfIsSaidInASentence(@TempDir Path scratch) {
        var error = assertThrows(IllegalStateException.class,
                () -> new JmhRun(scratch, 2, true).maskleap(Rows.named(LAYER_NORM), Dtype.F32, "/no/such/library.so"));
        assertTrue(error.getMessage().startsWith("library /no/such/library.so: no such file"), error.getMessage());
    }
}
