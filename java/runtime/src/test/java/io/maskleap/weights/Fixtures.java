package io.maskleap.weights;

import java.nio.file.Path;

/** The recorded files that tests read. */
final class Fixtures {
    private static final Path ROOT = Path.of(System.getProperty("maskleap.fixtures"));

    private Fixtures() {}

    static Path maskgitTiny(String name) {
        return ROOT.resolve("maskgit-tiny").resolve(name);
    }
}
