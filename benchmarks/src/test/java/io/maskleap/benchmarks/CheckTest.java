package io.maskleap.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.Device;
import io.maskleap.Model;
import io.maskleap.Precision;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The checks hold on the CPU, see what they are there for, and say it. */
class CheckTest {
    private static final long MEGABYTE = 1 << 20;

    @TempDir
    Path parent;

    private final List<Map<String, Object>> lines = new ArrayList<>();

    @FunctionalInterface
    private interface Run {
        Check.Verdict on(Model model, CheckOptions options, Consumer<Map<String, Object>> line);
    }

    private Check.Verdict run(Run check, Map<String, Integer> numbers) {
        var folder = RandomModel.SMALL.folder(Precision.FLOAT32, parent);
        try (var model = Model.open(folder, Device.cpu(2))) {
            return check.on(model, new CheckOptions(folder, Device.cpu(2), Precision.FLOAT32, numbers), lines::add);
        }
    }

    @Test
    void batchesOfAnySizeAgreeOnTheCpu() {
        var verdict = run(BatchCheck::run, Map.of("images", 4, "steps", 3));
        assertTrue(verdict.right(), verdict.words());
        assertEquals(Map.of("2", 0, "4", 0), lines.getFirst().get("differing_by_batch"));
        assertEquals(4 * 256, lines.getFirst().get("tokens"));
    }

    @Test
    void tokensThatDifferAreCounted() {
        assertEquals(2, BatchCheck.differing(List.of(new int[] {1, 2, 3}, new int[] {4, 5, 6}), List.of(new int[] {1, 0, 3}, new int[] {4, 5, 0})));
    }

    @Test
    void batchesMayDifferByRoundingAndNoMore() {
        assertTrue(BatchCheck.verdict(Precision.FLOAT32, 2000, 0, 100).right());
        assertEquals(new Check.Verdict(false,
                "f32: of 2000 tokens in batches, at most 101 differ from those alone (limit 100); painted again, 0 differ (limit 0)"),
                BatchCheck.verdict(Precision.FLOAT32, 2000, 0, 101));
        assertTrue(BatchCheck.verdict(Precision.BFLOAT16, 2000, 0, 1500).right());
        assertFalse(BatchCheck.verdict(Precision.BFLOAT16, 2000, 1, 0).right());
    }

    @Test
    void soakMakesAllItsImages() {
        var verdict = run(Soak::run, Map.of("images", 15, "sessions", 3, "steps", 2));
        assertEquals(15, lines.getFirst().get("images"), verdict.words());
        assertEquals(0, lines.getFirst().get("different"), verdict.words());
    }

    @Test
    void soakFailsWhereMemoryGrowsOrAnImageDiffers() {
        assertTrue(Soak.verdict(10, 2, 1, 0, Map.of("process", 64 * MEGABYTE)).right());
        assertFalse(Soak.verdict(10, 2, 1, 1, Map.of("process", 0L)).right());
        assertEquals(new Check.Verdict(false,
                "10 images in 2 sessions, 1.5 s; 0 came out differently again (limit 0); memory: process +65 MiB (limit 64)"),
                Soak.verdict(10, 2, 1.5, 0, Map.of("process", 65 * MEGABYTE)));
    }

    /** How much that is depends on what else the JVM does; BatchTest in the runtime counts what a session asks of its device, to the byte. */
    @Test
    void memoryOfASessionIsMeasured() {
        var verdict = run(SessionMemory::run, Map.of("images", 4, "sessions", 1, "steps", 4));
        var found = lines.getFirst();
        assertEquals(verdict.right(), found.get("right"));
        assertTrue((long) found.get("announced_bytes") > 0, found.toString());
        assertTrue(verdict.words().startsWith("a session of 4 images takes "), verdict.words());
    }

    @Test
    void sessionThatTakesMoreOrLessThanItAnnouncesIsTold() {
        assertTrue(SessionMemory.verdict(1, 100 * MEGABYTE, 110 * MEGABYTE).right());
        assertFalse(SessionMemory.verdict(1, 100 * MEGABYTE, 89 * MEGABYTE).right());
        assertEquals(new Check.Verdict(false, "a session of 2 images takes 111.0 MiB and announces 100.0 (limit 10 % of it)"),
                SessionMemory.verdict(2, 100 * MEGABYTE, 111 * MEGABYTE));
    }

    @Test
    void timetableHasEveryRow() {
        run(Timetable::run, Map.of("samples", 1, "batch", 2, "batch-samples", 1));
        assertEquals(List.of("full_step", "shortcut_step", "generation", "decode", "generation_batch"), lines.stream().map(line -> line.get("row")).toList());
        assertEquals(2, lines.getLast().get("images"));
        assertTrue(lines.stream().filter(line -> line.get("row").equals("generation")).allMatch(line -> (double) line.get("median_ms") > 0));
    }

    @Test
    void medianIsTheMiddle() {
        assertEquals(2, Timetable.median(new double[] {1, 2, 30}));
        assertEquals(3, Timetable.median(new double[] {1, 2, 4, 30}));
    }

    @Test
    void optionsAreRead() {
        var options = CheckOptions.of("Soak", Map.of("images", 200), "--images", "3", "--model", "a", "--device", "cpu:2", "--dtype", "bf16");
        assertEquals(new CheckOptions(Path.of("a"), Device.cpu(2), Precision.BFLOAT16, Map.of("images", 3)), options);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--images", "--images 0", "images 3", "--rounds 3", "--dtype f16"})
    void wrongOptionsAreTold(String line) {
        var e = assertThrows(IllegalArgumentException.class, () -> CheckOptions.of("Soak", Map.of("images", 200, "steps", 1), line.split(" ")));
        assertTrue(e.getMessage().endsWith("usage: Soak [--model DIR] [--device NAME] [--dtype f32|bf16] [--images N] [--steps N]"), e.getMessage());
    }
}
