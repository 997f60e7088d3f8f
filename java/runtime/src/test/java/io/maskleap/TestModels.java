package io.maskleap;

import io.maskleap.sampling.Randomization;
import io.maskleap.sampling.Schedule;
import io.maskleap.tools.MaskGitImport;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Models for tests: the demo as it is embedded, and tiny ones imported from the fixtures' checkpoints. */
public final class TestModels {
    private static final Path FIXTURES = Path.of(System.getProperty("maskleap.fixtures"));

    private TestModels() {
    }

    /** Ten shapes by name, 16 x 16 tokens, with a shortcut. */
    public static Path demo() {
        return Path.of(System.getProperty("maskleap.demo"));
    }

    /** The fixture whose checkpoints {@link #tiny} imports. */
    public static Path tinyFixture() {
        return FIXTURES.resolve("maskgit-tiny");
    }

    /** Recorded runs of the demo model. */
    public static Path demoFixture() {
        return FIXTURES.resolve("demo");
    }

    /** Five classes without names, 8 x 8 tokens, imported into {@code folder}. */
    public static Path tiny(Path folder, boolean withShortcut) {
        return tiny(folder, withShortcut, Precision.FLOAT32);
    }

    /** As {@link #tiny(Path, boolean)}, with weights stored so. */
    public static Path tiny(Path folder, boolean withShortcut, Precision precision) {
        var fixture = tinyFixture();
        return new MaskGitImport(fixture.resolve("base.pth"), fixture.resolve("vqgan-last.ckpt"), fixture.resolve("vqgan-model.yaml"),
                withShortcut ? Optional.of(fixture.resolve("shortcut.pth")) : Optional.empty(), folder, "tiny", 4, 4, List.of(), precision,
                new GenerationSettings(8, 3, Schedule.ARCCOS, Randomization.LINEAR, 2.8, 1, 7)).run().folder();
    }
}
