package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicBoolean;

/** A file mapped read-only as a whole, and the arena that its memory (and what is derived from it) lives in. */
final class MappedFile implements AutoCloseable {
    private final Path path;
    private final Arena arena;
    private final MemorySegment bytes;
    private final AtomicBoolean closed = new AtomicBoolean();

    /**
     * A file whose bytes are in memory already.
     *
     * @param arena of {@code bytes}, or of what is derived from them; it is closed with the file
     */
    MappedFile(Path path, Arena arena, MemorySegment bytes) {
        this.path = path;
        this.arena = arena;
        this.bytes = bytes;
    }

    /** @throws MaskleapException where there is no file, it is empty, or it cannot be read */
    static MappedFile open(Path path) {
        FileErrors.requireFile(path);
        var arena = Arena.ofShared();
        try (var channel = FileChannel.open(path, StandardOpenOption.READ)) {
            if (channel.size() == 0) {
                throw new MaskleapException(path + ": is empty");
            }
            return new MappedFile(path, arena, channel.map(MapMode.READ_ONLY, 0, channel.size(), arena));
        } catch (IOException e) {
            arena.close();
            throw FileErrors.of(path, "read", e);
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    Path path() {
        return path;
    }

    MemorySegment bytes() {
        return bytes;
    }

    /** Memory that is freed with the mapping. */
    MemorySegment allocate(long byteSize) {
        return arena.allocate(byteSize, Long.BYTES);
    }

    /** Unmaps the file; does nothing the second time. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            arena.close();
        }
    }
}
