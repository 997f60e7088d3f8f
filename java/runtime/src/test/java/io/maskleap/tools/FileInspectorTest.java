package io.maskleap.tools;

import static io.maskleap.tools.ImportBuilder.FIXTURE;
import static io.maskleap.tools.Refusal.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.tools.FileReport.NetworkReport;
import io.maskleap.tools.FileReport.TensorReport;
import io.maskleap.weights.Json;
import io.maskleap.weights.RawTensor;
import io.maskleap.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileInspectorTest {
    @TempDir
    Path folder;

    @Test
    void modelFolder() {
        var out = new ImportBuilder(folder.resolve("tiny")).run().folder();
        var report = FileInspector.inspect(out);
        assertEquals(out, report.path());
        assertEquals("model folder, MaskGIT \"tiny\"", report.kind());
        assertEquals(List.of("base", "shortcut", "decoder"), report.networks().stream().map(NetworkReport::name).toList());
        assertEquals(List.of(
                "3 layers, 64 channels, MLP 160, 8 x 8 tokens of 64 codes, 5 classes, 4 heads",
                "1 block, 32 of the base's 64 channels, MLP 128, with time embedding, 4 heads",
                "64 codes of 8 channels, levels of 32, 32, 64 channels, 4 pixels to a token's side"),
                report.networks().stream().map(NetworkReport::summary).toList());
        var base = report.networks().getFirst();
        assertEquals(4 * base.parameters(), base.bytes());
        assertTrue(base.tensors().contains(new TensorReport("tok_emb.weight", "F32", List.of(71L, 64L), 71 * 64 * 4)));
    }

    @Test
    void modelFolderOfAnotherArchitecture() {
        var manifest = folder.resolve("model.json");
        Json.write(manifest, Map.of("format", 1, "architecture", "dimoo", "name", "x"));
        assertRefused(manifest + ": architecture is \"dimoo\", wanted \"maskgit\"", () -> FileInspector.inspect(folder));
    }

    @Test
    void safetensors() {
        var file = FIXTURE.resolve("base.safetensors");
        var report = FileInspector.inspect(file);
        assertEquals("safetensors", report.kind());
        assertEquals("53 tensors", report.networks().getFirst().summary());
    }

    @Test
    void safetensorsInShards() {
        SafetensorsWriter.write(folder.resolve("1.safetensors"), List.of(RawTensor.ofFloats("a", new float[6], 2, 3)), Map.of());
        SafetensorsWriter.write(folder.resolve("2.safetensors"), List.of(RawTensor.ofInts("b", new int[1])), Map.of());
        var index = folder.resolve("x.safetensors.index.json");
        Json.write(index, Map.of("weight_map", Map.of("a", "1.safetensors", "b", "2.safetensors")));

        var report = FileInspector.inspect(folder);
        assertEquals(index, report.path());
        assertEquals("safetensors in shards", report.kind());
        var network = report.networks().getFirst();
        assertEquals(7, network.parameters());
        assertEquals(28, network.bytes());
        assertEquals(report, FileInspector.inspect(index));
    }

    @Test
    void checkpoint() {
        var report = FileInspector.inspect(FIXTURE.resolve("shortcut.pth"));
        assertEquals("PyTorch checkpoint", report.kind());
        assertTrue(report.networks().getFirst().tensors()
                .contains(new TensorReport("proj_in.weight", "F32", List.of(32L, 64L), 32 * 64 * 4)));
    }

    @Test
    void checkpointWithForeignObjects() {
        assertEquals("PyTorch checkpoint, with Python objects that were not run:"
                + " pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
                FileInspector.inspect(FIXTURE.resolve("vqgan-last.ckpt")).kind());
    }

    @Test
    void anotherFile() throws IOException {
        var file = Files.writeString(folder.resolve("a.txt"), "hello, world");
        assertRefused(file + ": not a PyTorch checkpoint (starts with 68 65 6c 6c 6f 2c 20 77, wanted a ZIP archive)",
                () -> FileInspector.inspect(file));
    }

    @Test
    void folderWithoutAModel() {
        assertRefused(folder + ": holds no safetensors, wanted one *.safetensors.index.json or one *.safetensors:"
                + " name the file", () -> FileInspector.inspect(folder));
    }

    @Test
    void missingFile() {
        var file = folder.resolve("none");
        assertRefused(file + ": no such file", () -> FileInspector.inspect(file));
    }
}
