package io.maskleap.tools;

import io.maskleap.GenerationSettings;
import io.maskleap.Precision;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** An import of the small fixture, of which a test changes one thing. */
final class ImportBuilder {
    static final Path FIXTURE = Path.of(System.getProperty("maskleap.fixtures"), "maskgit-tiny");

    Path base = FIXTURE.resolve("base.pth");
    Path vqgan = FIXTURE.resolve("vqgan-last.ckpt");
    Path vqganConfig = FIXTURE.resolve("vqgan-model.yaml");
    Optional<Path> shortcut = Optional.of(FIXTURE.resolve("shortcut.pth"));
    int heads = 4;
    int shortcutHeads = 4;
    List<String> classNames = List.of();
    Precision precision = Precision.FLOAT32;
    GenerationSettings defaults = MaskGitImport.DEFAULT_SETTINGS;
    final Path out;

    ImportBuilder(Path out) {
        this.out = out;
    }

    ImportReport run() {
        return new MaskGitImport(base, vqgan, vqganConfig, shortcut, out, "tiny", heads, shortcutHeads, classNames, precision,
                defaults).run();
    }
}
