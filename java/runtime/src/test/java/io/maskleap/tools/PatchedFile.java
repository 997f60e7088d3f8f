package io.maskleap.tools;

import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.maskleap.ZipBytes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/**
 * Copies of files with some bytes changed. Names of the same length keep a checkpoint valid, so exchanging them gives
 * tensors that are missing, unknown or of another shape.
 */
final class PatchedFile {
    private PatchedFile() {
    }

    /** Writes {@code to} as {@code from} with every {@code old} replaced. */
    static Path replace(Path from, Path to, String old, String replacement) throws IOException {
        return patch(from, to, text -> text.replace(old, replacement));
    }

    /** Writes {@code to} as {@code from} with two names of the same length exchanged. */
    static Path exchange(Path from, Path to, String one, String other) throws IOException {
        var free = "#".repeat(one.length());
        return patch(from, to, text -> text.replace(one, free).replace(other, one).replace(free, other));
    }

    /** Patches the bytes as the characters 0 to 255; an archive's checksums fit again. */
    static Path patch(Path from, Path to, UnaryOperator<String> change) throws IOException {
        var text = Files.readString(from, StandardCharsets.ISO_8859_1);
        var patched = change.apply(text);
        assertNotEquals(text, patched, "nothing to patch in " + from);
        return Files.write(to, new ZipBytes(patched.getBytes(StandardCharsets.ISO_8859_1)).repairChecksums().array());
    }
}
