package io.maskleap.benchmarks;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.Device;
import io.maskleap.GeneratedImage;
import io.maskleap.Model;
import io.maskleap.Precision;
import io.maskleap.Request;
import io.maskleap.StepView;
import io.maskleap.architecture.maskgit.MaskGitConfig;
import io.maskleap.architecture.maskgit.ShortcutConfig;
import io.maskleap.error.MaskleapException;
import io.maskleap.network.VqganConfig;
import io.maskleap.weights.ModelFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A random model is a whole one, paints sane noise, and is made once. */
class RandomModelTest {
    private static final RandomModel SMALL = RandomModel.SMALL;

    @TempDir
    Path parent;

    @Test
    void itsTensorsAreThoseOfItsSizes() {
        var folder = ModelFolder.open(SMALL.folder(Precision.FLOAT32, parent));
        try (var base = folder.weights("base"); var shortcut = folder.weights("shortcut"); var decoder = folder.weights("decoder")) {
            assertEquals(SMALL.base(), MaskGitConfig.derive(base, SMALL.base().heads(), SMALL.base().codebook()));
            assertEquals(SMALL.shortcut(), ShortcutConfig.derive(shortcut, SMALL.base().channels(), SMALL.shortcut().heads()));
            assertEquals(SMALL.decoder(), VqganConfig.derive(decoder));
        }
    }

    @Test
    void itPaintsFiniteNoise() {
        var image = paint(SMALL.folder(Precision.FLOAT32, parent));
        assertTrue(Arrays.stream(image.codes()).distinct().count() > SMALL.base().codebook() / 2, Arrays.toString(image.codes()));
        assertTrue(distinctBytes(image) > 50, distinctBytes(image) + " distinct bytes");
    }

    @Test
    void bothPrecisionsHoldTheSameNumbers() {
        var ofFloat32 = paint(SMALL.folder(Precision.FLOAT32, parent));
        var ofBfloat16 = paint(SMALL.folder(Precision.BFLOAT16, parent));
        assertArrayEquals(ofFloat32.image().rgb(), ofBfloat16.image().rgb());
    }

    @Test
    void itIsTheSameWhereverItIsMade() throws IOException {
        var first = SMALL.folder(Precision.BFLOAT16, parent).resolve("base.safetensors");
        var second = SMALL.folder(Precision.BFLOAT16, Files.createDirectory(parent.resolve("other"))).resolve("base.safetensors");
        assertEquals(-1, Files.mismatch(first, second));
    }

    @Test
    void itIsMadeOnce() throws IOException {
        var file = SMALL.folder(Precision.BFLOAT16, parent).resolve("base.safetensors");
        var key = Files.readAttributes(file, "unix:ino");
        assertEquals(key, Files.readAttributes(SMALL.folder(Precision.BFLOAT16, parent).resolve("base.safetensors"), "unix:ino"));
        try (var left = Files.list(parent)) {
            assertEquals(1, left.count());
        }
    }

    @Test
    void aDamagedFileIsRefused() throws IOException {
        var file = SMALL.folder(Precision.BFLOAT16, parent).resolve("shortcut.safetensors");
        try (var channel = Files.newByteChannel(file, StandardOpenOption.WRITE)) {
            channel.truncate(Files.size(file) - 1);
        }
        assertThrows(MaskleapException.class, () -> SMALL.folder(Precision.BFLOAT16, parent));
    }

    @Test
    void anotherModelIsRefused() throws IOException {
        var manifest = SMALL.folder(Precision.BFLOAT16, parent).resolve("model.json");
        Files.writeString(manifest, Files.readString(manifest).replace("\"steps\": 32", "\"steps\": 31"));
        var error = assertThrows(MaskleapException.class, () -> SMALL.folder(Precision.BFLOAT16, parent));
        assertTrue(error.getMessage().contains("remove it, or name another folder"), error.getMessage());
    }

    /** Of four steps, the second is the shortcut's. */
    private static GeneratedImage paint(Path folder) {
        try (var model = Model.open(folder, Device.cpu(2), Precision.FLOAT32); var session = model.newSession()) {
            return session.generate(Request.ofClass(1).seed(5).steps(4).budget(2), RandomModelTest::requireSane).getFirst();
        }
    }

    private static void requireSane(StepView step) {
        for (var values : new float[][] {step.features(), step.guidedLogits()}) {
            double largest = 0;
            for (float value : values) {
                assertTrue(Float.isFinite(value));
                largest = Math.max(largest, Math.abs(value));
            }
            assertTrue(largest > 0.1 && largest < 100, "step " + step.index() + ": largest magnitude " + largest);
        }
    }

    private static long distinctBytes(GeneratedImage image) {
        var rgb = image.image().rgb();
        return IntStream.range(0, rgb.length).map(i -> rgb[i]).distinct().count();
    }
}
