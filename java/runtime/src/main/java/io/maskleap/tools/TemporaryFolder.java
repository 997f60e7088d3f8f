package io.maskleap.tools;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;

/**
 * A folder that does not outlive its work: removed on {@link #close}, or when the process ends before (but not when it is
 * killed). What it holds can be given a name with {@link #moveTo}.
 */
final class TemporaryFolder implements AutoCloseable {
    private final Path path;
    private final Thread hook = Thread.ofPlatform().name("maskleap-cleanup").unstarted(this::remove);
    private boolean gone;

    private TemporaryFolder(Path path) {
        this.path = path;
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Makes the folder {@code path}, which must not be there. */
    static TemporaryFolder at(Path path) throws IOException {
        return new TemporaryFolder(Files.createDirectory(path));
    }

    /** Makes a folder where the system keeps temporary files. */
    static TemporaryFolder ofSystem(String prefix) throws IOException {
        return new TemporaryFolder(Files.createTempDirectory(prefix));
    }

    Path path() {
        return path;
    }

    /** Renames it to {@code target} whole: never after its removal has begun. */
    synchronized void moveTo(Path target) throws IOException {
        if (gone) {
            throw new IOException("the process is ending");
        }
        Files.move(path, target, StandardCopyOption.ATOMIC_MOVE);
        gone = true;
    }

    private synchronized void remove() {
        if (gone) {
            return;
        }
        gone = true;
        try (var files = Files.walk(path)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException _) {
            // What ended the work is what is to be reported.
        }
    }

    @Override
    public void close() {
        remove();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException _) {
            // The process is ending, and the hook runs.
        }
    }
}
