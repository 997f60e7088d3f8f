package io.maskleap.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.Device;
import io.maskleap.Precision;
import io.maskleap.TestModels;
import io.maskleap.device.cpu.ProcessorFeatures;
import io.maskleap.error.MaskleapException;
import io.maskleap.weights.RawTensor;
import io.maskleap.weights.SafetensorsFile;
import io.maskleap.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Our results against what the reference implementation recorded; and that a difference is noticed. */
class FixtureVerifierTest {

    private static VerifyReport verify(Path folder) {
        return verify(folder, Device.cpu(2));
    }

    private static VerifyReport verify(Path folder, Device device) {
        return new FixtureVerifier(folder, device, Precision.FLOAT32).run(line -> { });
    }

    static List<Device> devices() {
        return List.of(Device.cpu(2), Device.emulated());
    }

    @ParameterizedTest
    @MethodSource("devices")
    void everyTensorAndEveryTokenOfTheTinyFixtureIsAsRecorded(Device device) {
        var report = verify(TestModels.tinyFixture(), device);
        assertTrue(report.passed(), report.toString());
        assertEquals(5, report.tensors().size());
        assertEquals(6, report.runs().size());
    }

    @ParameterizedTest
    @MethodSource("devices")
    void bfloat16IsWithinItsTolerancesAndItsMismatchesAreTold(Device device) {
        if (device instanceof Device.Cpu) {
            ProcessorFeatures.assumeBfloat16Products();
        }
        var report = new FixtureVerifier(TestModels.tinyFixture(), device, Precision.BFLOAT16).run(line -> { });
        assertTrue(report.passed(), report.toString());
        assertTrue(report.tensors().stream().allMatch(check -> check.relative() && check.maxRelative() > 1e-4), "this is no bfloat16: " + report.tensors());
        assertTrue(report.runs().stream().anyMatch(run -> run.tokenMismatches() > 0));
        assertEquals(3, report.runs().getFirst().tensors().size());
    }

    /** The run has ten classes in one batch, and five full steps of sixteen. */
    @ParameterizedTest
    @MethodSource("devices")
    void embeddedDemoGivesTheTokensThatWereRecordedWithItsCheckpoints(Device device) {
        var report = new FixtureVerifier(TestModels.demoFixture(), device, Precision.FLOAT32).runOn(TestModels.demo(), line -> { });
        assertTrue(report.passed(), report.toString());
        assertEquals(List.of("n16-b5"), report.runs().stream().map(VerifyReport.RunCheck::name).toList());
    }

    @Test
    void modelOfAnotherSizeIsNamed(@TempDir Path folder) {
        var model = TestModels.tiny(folder.resolve("tiny"), true);
        var verifier = new FixtureVerifier(TestModels.demoFixture(), Device.cpu(2), Precision.FLOAT32);
        assertEquals(TestModels.demoFixture().resolve("fixture.json") + ": config.image_size is 64, wanted 32, as in the model",
                assertThrows(MaskleapException.class, () -> verifier.runOn(model, line -> { })).getMessage());
    }

    @Test
    void oneModelCannotStandForSeveralShortcuts() {
        var verifier = new FixtureVerifier(TestModels.tinyFixture(), Device.cpu(2), Precision.FLOAT32);
        assertEquals(TestModels.tinyFixture() + ": has runs of 2 shortcuts, and a model has one; verify it with its own checkpoints",
                assertThrows(MaskleapException.class, () -> verifier.runOn(TestModels.demo(), line -> { })).getMessage());
    }

    /** A copy of the tiny fixture in which one file's tensor is changed. */
    private static Path changed(Path copy, String file, String tensor, int element, float by) throws IOException {
        try (var files = Files.list(TestModels.tinyFixture())) {
            for (var path : files.toList()) {
                Files.copy(path, copy.resolve(path.getFileName()));
            }
        }
        var tensors = new ArrayList<RawTensor>();
        try (var original = SafetensorsFile.open(TestModels.tinyFixture().resolve(file))) {
            for (var name : original.names()) {
                var raw = original.tensor(name);
                if (name.equals(tensor)) {
                    var shape = raw.shape().stream().mapToLong(Long::longValue).toArray();
                    switch (raw.dtype()) {
                        case F32 -> {
                            var values = raw.toFloats();
                            values[element] += by;
                            raw = RawTensor.ofFloats(name, values, shape);
                        }
                        default -> {
                            var values = raw.toInts();
                            values[element] += (int) by;
                            raw = RawTensor.ofInts(name, values, shape);
                        }
                    }
                }
                tensors.add(raw);
            }
            Files.delete(copy.resolve(file));
            SafetensorsWriter.write(copy.resolve(file), tensors, Map.of());
        }
        return copy;
    }

    @Test
    void featureThatIsOffIsReported(@TempDir Path copy) throws IOException {
        var report = verify(changed(copy, "expected.safetensors", "forward.feature", 100, 0.01f));
        assertFalse(report.passed());
        assertEquals(List.of("forward.feature"), report.tensors().stream().filter(check -> !check.passed()).map(VerifyReport.TensorCheck::name).toList());
        var check = report.tensors().stream().filter(tensor -> !tensor.passed()).findFirst().orElseThrow();
        assertEquals(0.01, check.maxAbsolute(), 1e-4);
    }

    @Test
    void tokenThatDiffersIsReportedWithItsStep(@TempDir Path copy) throws IOException {
        var report = verify(changed(copy, "run-n8-b3.safetensors", "step04.codes_after", 3, -1));
        assertFalse(report.passed());
        var run = report.runs().stream().filter(check -> !check.passed()).findFirst().orElseThrow();
        assertEquals("n8-b3", run.name());
        assertEquals(1, run.tokenMismatches());
        assertEquals(4, run.firstMismatchStep());
    }

    @Test
    void recordingOfAnotherSizeIsNamed(@TempDir Path copy) throws IOException {
        changed(copy, "run-n8-b3.safetensors", "step04.codes_after", 3, 0);
        var file = copy.resolve("run-n8-b3.safetensors");
        var tensors = new ArrayList<RawTensor>();
        try (var original = SafetensorsFile.open(file)) {
            for (var name : original.names()) {
                tensors.add(name.equals("step04.codes_after") ? RawTensor.ofInts(name, new int[64], 1, 64) : original.tensor(name));
            }
            Files.delete(file);
            SafetensorsWriter.write(file, tensors, Map.of());
        }
        assertEquals(file + ": a tensor of step04. has 64 tokens, computed were 128", assertThrows(MaskleapException.class, () -> verify(copy)).getMessage());
    }

    @Test
    void folderThatIsNoFixtureIsNamed(@TempDir Path empty) {
        assertEquals(empty + ": is no fixture folder, it has no fixture.json",
                assertThrows(MaskleapException.class, () -> new FixtureVerifier(empty, Device.cpu(1), Precision.FLOAT32)).getMessage());
    }

    @Test
    void fixtureWithoutItsCheckpointIsNamed(@TempDir Path copy) throws IOException {
        Files.copy(TestModels.tinyFixture().resolve("fixture.json"), copy.resolve("fixture.json"));
        Files.copy(TestModels.tinyFixture().resolve("expected.safetensors"), copy.resolve("expected.safetensors"));
        assertEquals(copy.resolve("base.pth") + ": no such file", assertThrows(MaskleapException.class, () -> verify(copy)).getMessage());
    }
}
