package io.maskleap.weights;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Writes archives like those of torch.save. */
final class TorchFiles {
    private TorchFiles() {}

    /** Writes {@code x/data.pkl} and {@code x/data/<key>} for each storage. */
    static Path write(Path path, byte[] pickle, Map<String, byte[]> storages) throws IOException {
        try (var out = Files.newOutputStream(path)) {
            write(out, pickle, storages);
        }
        return path;
    }

    /** Writes such an archive to {@code out}. */
    static void write(OutputStream out, byte[] pickle, Map<String, byte[]> storages) throws IOException {
        try (var zip = new ZipOutputStream(out)) {
            put(zip, "x/data.pkl", pickle, ZipEntry.STORED);
            for (var storage : storages.entrySet()) {
                put(zip, "x/data/" + storage.getKey(), storage.getValue(), ZipEntry.STORED);
            }
        }
    }

    static void put(ZipOutputStream zip, String name, byte[] bytes, int method) throws IOException {
        var entry = new ZipEntry(name);
        entry.setMethod(method);
        if (method == ZipEntry.STORED) {
            var crc = new CRC32();
            crc.update(bytes);
            entry.setCrc(crc.getValue());
            entry.setSize(bytes.length);
        }
        zip.putNextEntry(entry);
        zip.write(bytes);
        zip.closeEntry();
    }
}
