package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/** Writes a file that appears under its name whole and on disk, or not at all. */
public final class AtomicFile {
    /** What one call of the channel takes: the JDK buffers memory of the heap for as long as the thread lives. */
    private static final long CHUNK_BYTES = 1 << 20;

    /** Takes the file's bytes, one part after another. */
    @FunctionalInterface
    public interface Output {
        void write(MemorySegment part) throws IOException;
    }

    /** Writes the file's content. */
    @FunctionalInterface
    public interface Content {
        void writeTo(Output output) throws IOException;
    }

    private AtomicFile() {}

    /**
     * Writes a temporary sibling and renames it to {@code path}, replacing a file of that name.
     *
     * @throws MaskleapException where that fails; the sibling is removed, an older file is as it was
     */
    public static void write(Path path, Content content) {
        var folder = path.toAbsolutePath().getParent();
        if (folder == null || Files.isDirectory(path)) {
            throw new MaskleapException(path + ": is a folder, wanted the name of a file to write");
        }
        if (!Files.isDirectory(folder)) {
            throw new MaskleapException("%s: cannot be written: no folder %s".formatted(path, folder));
        }
        // Not Files.createTempFile: that one is readable by its owner only, and stays so when it is renamed.
        var sibling = folder.resolve("." + path.getFileName() + "." + UUID.randomUUID() + ".part");
        try {
            writeAndSync(sibling, content);
            Files.move(sibling, path, StandardCopyOption.ATOMIC_MOVE);
            sync(folder);
        } catch (IOException e) {
            throw FileErrors.of(path, "written", e);
        } finally {
            deleteIfLeft(sibling);
        }
    }

    private static void writeAndSync(Path sibling, Content content) throws IOException {
        try (var channel = FileChannel.open(sibling, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            content.writeTo(part -> writeFully(channel, part));
            channel.force(true);
        }
    }

    private static void writeFully(FileChannel channel, MemorySegment part) throws IOException {
        for (var start = 0L; start < part.byteSize(); start += CHUNK_BYTES) {
            var chunk = part.asSlice(start, Math.min(CHUNK_BYTES, part.byteSize() - start)).asByteBuffer();
            while (chunk.hasRemaining()) {
                channel.write(chunk);
            }
        }
    }

    /** Makes the rename itself survive a power cut, where the system lets a folder be opened. */
    private static void sync(Path folder) {
        try (var channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException _) {
            // The file is in place; only how soon that is on disk is the system's affair.
        }
    }

    private static void deleteIfLeft(Path sibling) {
        try {
            Files.deleteIfExists(sibling);
        } catch (IOException _) {
            // The failure that left it here is the one to report.
        }
    }
}
