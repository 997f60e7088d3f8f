package io.maskleap.cache;

import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;

/**
 * A file as the directory of its jar describes it.
 *
 * @param jar the jar's name without its ending
 */
record PackedFile(URL resource, String jar, String name, long bytes, long crc) {
    private static final int BUFFER_BYTES = 1 << 18;

    static PackedFile of(URL resource) throws IOException {
        var path = resource.getPath();
        var name = path.substring(path.lastIndexOf('/') + 1);
        if (open(resource) instanceof JarURLConnection connection) {
            try (var jar = connection.getJarFile()) {
                var entry = connection.getJarEntry();
                var jarName = Path.of(jar.getName()).getFileName().toString().replaceFirst("\\.jar$", "");
                return new PackedFile(resource, jarName, name, entry.getSize(), entry.getCrc());
            }
        }
        // In a runtime image: there is no directory with checksums, so it is read.
        try (var in = open(resource).getInputStream()) {
            var content = Content.of(Channels.newChannel(in));
            return new PackedFile(resource, "image", name, content.bytes, content.crc);
        }
    }

    /** A connection that leaves no jar open behind. */
    private static URLConnection open(URL resource) throws IOException {
        var connection = resource.openConnection();
        connection.setUseCaches(false);
        return connection;
    }

    /** Whether {@code path} is this file, whole and unchanged. */
    boolean isIn(Path path) {
        try (var channel = FileChannel.open(path)) {
            return channel.size() == bytes && Content.of(channel).crc == crc;
        } catch (IOException _) {
            return false;
        }
    }

    void copyTo(Path path) throws IOException {
        try (InputStream in = open(resource).getInputStream()) {
            Files.copy(in, path);
        }
    }

    private record Content(long bytes, long crc) {
        static Content of(ReadableByteChannel channel) throws IOException {
            var crc = new CRC32();
            var buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
            long bytes = 0;
            while (channel.read(buffer) >= 0) {
                bytes += buffer.flip().remaining();
                crc.update(buffer);
                buffer.clear();
            }
            return new Content(bytes, crc.getValue());
        }
    }
}
