package io.maskleap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.error.MaskleapException;
import io.maskleap.network.VqganConfig;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Model folders, good and bad. */
class ModelTest {
    @TempDir
    private Path temporary;
    private Path folder;

    @BeforeEach
    void importTiny() {
        folder = TestModels.tiny(temporary.resolve("model"), true);
    }

    private String refusal() {
        return assertThrows(MaskleapException.class, () -> Model.open(folder, Device.cpu(1))).getMessage();
    }

    private void replaceInManifest(String what, String by) throws IOException {
        var manifest = folder.resolve("model.json");
        var text = Files.readString(manifest);
        assertTrue(text.contains(what), text);
        Files.writeString(manifest, text.replace(what, by));
    }

    @Test
    void infoIsWhatTheFolderSays() {
        try (var demo = Model.open(TestModels.demo(), Device.cpu(1))) {
            var info = demo.info();
            assertEquals("demo", info.name());
            assertEquals(List.of("circle", "square", "triangle", "star", "heart", "crescent", "ring", "plus", "flower", "drop"), info.classNames());
            assertEquals(64, info.imageSize());
            assertEquals(256, info.tokens());
            assertTrue(info.hasShortcut());
            assertTrue(demo.deviceDescription().endsWith("1 thread"), demo.deviceDescription());
        }
    }

    @Test
    void numbersAreNotTakenForNamesThatLookLikeThem() throws IOException {
        replaceInManifest("\"base\"", "\"classes\": [\"4\", \"3\", \"2\", \"1\", \"0\"], \"base\"");
        try (var model = Model.open(folder, Device.cpu(1)); var session = model.newSession()) {
            assertEquals(1, session.generate(Request.ofClass(1)).getFirst().label());
            assertEquals(3, session.generate(Request.ofClass("1")).getFirst().label());
        }
    }

    @Test
    void missingFolderAndFolderWithoutManifest() throws IOException {
        folder = temporary.resolve("nowhere");
        assertEquals(folder + ": no such model folder", refusal());
        Files.createDirectory(folder);
        assertEquals(folder + ": is no model folder, it has no model.json; make one with maskleap import", refusal());
    }

    @Test
    void manifestOfAnotherFormatOrArchitecture() throws IOException {
        replaceInManifest("\"format\": 1", "\"format\": 2");
        assertEquals(folder.resolve("model.json") + ": format is 2, wanted 1; import the checkpoints again", refusal());
        replaceInManifest("\"format\": 2", "\"format\": 1");
        replaceInManifest("maskgit", "muse");
        assertEquals(folder.resolve("model.json") + ": architecture is \"muse\", wanted \"maskgit\"", refusal());
    }

    @Test
    void manifestThatDoesNotFitTheTensors() throws IOException {
        replaceInManifest("\"layers\": 3", "\"layers\": 4");
        assertTrue(refusal().contains("no tensor transformer.layers.3.0.norm.weight"), refusal());
    }

    /** Each level doubles the side: the shift would overflow, and the image be of another size than the buffers. */
    @Test
    void decoderOfImagesBeyondAnyMemory() {
        var decoder = new VqganConfig(64, 8, 16, 32, Collections.nCopies(30, new VqganConfig.Level(1, 32, false)));
        var sentence = "d.safetensors: 30 levels and a grid of 8 make an image of more than 65536 pixels a side";
        assertEquals(sentence, assertThrows(MaskleapException.class,
                () -> decoder.requireImageSize(8, Path.of("d.safetensors"))).getMessage());
    }

    @Test
    void headsThatDoNotDivideTheChannels() throws IOException {
        replaceInManifest("\"heads\": 4", "\"heads\": 5");
        assertEquals(folder.resolve("model.json") + ": base.heads is 5, wanted a divisor of the 64 channels that leaves at most 128 of them to a head", refusal());
    }

    @Test
    void tensorOfAnotherShapeIsNamedWithBoth() throws IOException {
        replaceInManifest("\"mlp\": 160", "\"mlp\": 161");
        assertTrue(refusal().endsWith("has shape [160, 64], wanted [161, 64]"), refusal());
    }

    @Test
    void truncatedAndMissingWeights() throws IOException {
        var weights = folder.resolve("decoder.safetensors");
        try (var channel = FileChannel.open(weights, StandardOpenOption.WRITE)) {
            channel.truncate(channel.size() - 1);
        }
        assertTrue(refusal().startsWith(weights + ": "), refusal());
        Files.delete(weights);
        assertEquals(weights + ": no such file", refusal());
    }

    @Test
    void weightsOutsideTheFolderAreRefused() throws IOException {
        replaceInManifest("decoder.safetensors", "../decoder.safetensors");
        assertTrue(refusal().endsWith("wanted a file within the model folder"), refusal());
    }

    @Test
    void missingNativeLibraryIsNamed() {
        var e = assertThrows(MaskleapException.class, () -> Model.open(folder, Device.cpu(1, Path.of("/nowhere/libmine.so"))));
        assertEquals("native library /nowhere/libmine.so: no such file; build it with build-native.sh", e.getMessage());
    }
}
