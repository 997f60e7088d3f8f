package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import io.maskleap.error.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** One sentence for what the file system refused. */
final class FileErrors {
    private FileErrors() {}

    /** @throws MaskleapException unless {@code path} is a regular file: opening a pipe, say, would wait for ever */
    static void requireFile(Path path) {
        if (Files.isDirectory(path)) {
            throw new MaskleapException(path + ": is a folder, wanted a file");
        }
        if (!Files.exists(path)) {
            throw new MaskleapException(path + ": no such file");
        }
        if (!Files.isRegularFile(path)) {
            throw new MaskleapException(path + ": is not a regular file");
        }
    }

    /** @param action what failed: "read" or "written" */
    static MaskleapException of(Path path, String action, IOException e) {
        return new MaskleapException("%s: cannot be %s: %s".formatted(path, action, Reason.of(e)), e);
    }
}
