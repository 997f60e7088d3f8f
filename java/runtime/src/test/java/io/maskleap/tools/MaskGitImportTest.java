package io.maskleap.tools;

import static io.maskleap.tools.ImportBuilder.FIXTURE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.architecture.maskgit.MaskGitConfig;
import io.maskleap.architecture.maskgit.ShortcutConfig;
import io.maskleap.weights.ModelFolder;
import io.maskleap.weights.SafetensorsFile;
import io.maskleap.weights.StoredDtype;
import io.maskleap.weights.TensorSource;
import io.maskleap.weights.TorchCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MaskGitImportTest {
    @TempDir
    Path folder;

    private ImportBuilder tiny;

    @BeforeEach
    void build() {
        tiny = new ImportBuilder(folder.resolve("tiny"));
    }

    @Test
    void writesTheBaseAsItsSafetensorsTwin() {
        tiny.run();
        try (var twin = SafetensorsFile.open(FIXTURE.resolve("base.safetensors"))) {
            assertHolds(tiny.out.resolve("base.safetensors"), twin, twin.names());
        }
    }

    @Test
    void writesTheShortcut() {
        tiny.run();
        try (var checkpoint = TorchCheckpoint.open(tiny.shortcut.orElseThrow())) {
            var wanted = checkpoint.stateDict();
            assertHolds(tiny.out.resolve("shortcut.safetensors"), wanted, wanted.names());
        }
    }

    @Test
    void keepsTheDecoderOnlyOfTheVqgan() {
        tiny.run();
        try (var checkpoint = TorchCheckpoint.open(tiny.vqgan)) {
            var all = checkpoint.stateDict("state_dict");
            var wanted = all.names().stream()
                    .filter(name -> name.startsWith("decoder.") || name.startsWith("post_quant_conv.")
                            || name.equals("quantize.embedding.weight"))
                    .collect(Collectors.toSet());
            assertTrue(wanted.size() < all.names().size());
            assertHolds(tiny.out.resolve("decoder.safetensors"), all, wanted);
        }
    }

    @Test
    void writesAManifestThatTheModelReads() {
        tiny.classNames = List.of("a", "b", "c", "d", "e");
        tiny.run();
        var manifest = ModelFolder.open(tiny.out).manifest();
        assertEquals(Set.of("format", "architecture", "name", "classes", "base", "shortcut", "decoder", "defaults"),
                manifest.keys());
        assertEquals("maskgit", manifest.getString("architecture"));
        assertEquals("tiny", manifest.getString("name"));
        assertEquals(tiny.classNames, manifest.getStrings("classes"));
        assertEquals(new MaskGitConfig(8, 64, 5, 64, 3, 4, 160), MaskGitConfig.fromJson(manifest.getObject("base")));
        assertEquals(new ShortcutConfig(64, 32, true, 1, 4, 128, 91),
                ShortcutConfig.fromJson(manifest.getObject("shortcut")));
        assertEquals("decoder.safetensors", manifest.getObject("decoder").getString("file"));
        var defaults = manifest.getObject("defaults");
        assertEquals(32, defaults.getInt("steps"));
        assertEquals(12, defaults.getInt("budget"));
        assertEquals(2.8, defaults.getDouble("guidance"));
    }

    @Test
    void readsAShortcutOfOtherSizes() {
        tiny.shortcut = Optional.of(FIXTURE.resolve("shortcut-2blocks-ratio1-noT.pth"));
        tiny.shortcutHeads = 8;
        tiny.run();
        assertEquals(new ShortcutConfig(64, 64, false, 2, 8, 256, 0),
                ShortcutConfig.fromJson(ModelFolder.open(tiny.out).manifest().getObject("shortcut")));
    }

    @Test
    void makesAllStepsFullWithoutAShortcut() {
        tiny.shortcut = Optional.empty();
        tiny.run();
        var manifest = ModelFolder.open(tiny.out).manifest();
        assertFalse(manifest.has("shortcut"));
        assertFalse(manifest.has("classes"));
        assertEquals(32, manifest.getObject("defaults").getInt("budget"));
        assertFalse(Files.exists(tiny.out.resolve("shortcut.safetensors")));
    }

    @Test
    void givesTheSameBytesEachTime() throws IOException {
        tiny.run();
        var again = new ImportBuilder(folder.resolve("again"));
        again.run();
        for (var name : List.of("model.json", "base.safetensors", "shortcut.safetensors", "decoder.safetensors")) {
            assertEquals(-1, Files.mismatch(tiny.out.resolve(name), again.out.resolve(name)), name);
        }
    }

    @Test
    void fillsAnEmptyFolder() throws IOException {
        Files.createDirectory(tiny.out);
        tiny.run();
        ModelFolder.open(tiny.out);
    }

    @Test
    void saysWhatItDerivedAndWhatItAssumed() {
        var report = tiny.run();
        assertEquals(tiny.out, report.folder());
        assertEquals(List.of(
                "base: 3 layers, 64 channels, MLP 160, 8 x 8 tokens of 64 codes, 5 classes (from the shapes)",
                "shortcut: 1 block, 32 of the base's 64 channels, MLP 128, with time embedding (from the shapes)",
                "decoder: 64 codes of 8 channels, levels of 32, 32, 64 channels, 4 pixels to a token's side"
                        + " (from the shapes)"),
                report.derived());
        assertEquals(List.of(
                "heads: 4 (nothing in the checkpoint says so; --heads)",
                "shortcut heads: 4 (nothing in the checkpoint says so; --shortcut-heads)",
                "class names: none, the classes have numbers only (--class-names)",
                "defaults: 32 steps, 12 of them full, arccos schedule, randomization linear, guidance 2.8,"
                        + " logit scale 1.0, Gumbel temperature 7.0"),
                report.assumed());
    }

    @Test
    void leavesOutTensorsThatNoNetworkKnows() throws IOException {
        // The time embedding's names become unknown ones: what is left is a shortcut without it.
        tiny.shortcut = Optional.of(PatchedFile.patch(tiny.shortcut.orElseThrow(), folder.resolve("extra.pth"),
                text -> text.replace("time_embedder", "xime_embedder").replace("adaLN_modulation", "xdaLN_modulation")));
        var report = tiny.run();
        assertEquals("shortcut: left out 6 tensors that the network does not use: xime_embedder.mlp.0.weight,"
                + " xime_embedder.mlp.0.bias, xime_embedder.mlp.2.weight, xime_embedder.mlp.2.bias,"
                + " xdaLN_modulation.weight, xdaLN_modulation.bias", report.assumed().getLast());
        try (var written = SafetensorsFile.open(tiny.out.resolve("shortcut.safetensors"))) {
            assertTrue(written.names().stream().noneMatch(name -> name.startsWith("x")));
        }
    }

    private static void assertHolds(Path file, TensorSource wanted, Set<String> names) {
        try (var written = SafetensorsFile.open(file)) {
            assertEquals(names, written.names());
            for (var name : names) {
                var tensor = written.tensor(name);
                assertEquals(StoredDtype.F32, tensor.dtype(), name);
                assertEquals(wanted.tensor(name).shape(), tensor.shape(), name);
                assertEquals(-1, wanted.tensor(name).data().mismatch(tensor.data()), name);
            }
        }
    }
}
