package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.CRC32;

/**
 * The entries of a mapped ZIP archive, in place. (java.util.zip can read them, but does not say where their
 * bytes are.) Handles ZIP64, which torch.save always writes; neither compression nor encryption.
 *
 * <p>Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3 to 4.5.
 */
final class ZipDirectory {
    private static final int END = 0x06054b50;
    private static final int END_64 = 0x06064b50;
    private static final int END_64_LOCATOR = 0x07064b50;
    private static final int END_BYTES = 22;
    private static final int END_64_LOCATOR_BYTES = 20;
    private static final int COMMENT_BYTES_LIMIT = 0xffff;
    /** What one call of a checksum takes. */
    private static final long CHUNK_BYTES = 1 << 30;
    private static final int STORED = 0;
    private static final int ENCRYPTED_FLAG = 1;

    private final String origin;
    private final MemorySegment bytes;
    private final Map<String, ZipEntryHeader> entries = new LinkedHashMap<>();
    /** Where each entry begins: it has to end before the next of these, the last of which is the directory. */
    private final NavigableMap<Long, String> starts = new TreeMap<>();
    private final Set<String> verified = ConcurrentHashMap.newKeySet();

    /**
     * Reads the central directory.
     *
     * @param origin begins every error's sentence: the path
     * @throws MaskleapException where the archive is truncated or damaged, or two entries have one name or one place
     */
    ZipDirectory(String origin, MemorySegment bytes) {
        this.origin = origin;
        this.bytes = bytes;
        readEntries();
    }

    /** Whether the bytes begin as a ZIP archive with entries does. */
    static boolean isZip(MemorySegment bytes) {
        return bytes.byteSize() >= Integer.BYTES && bytes.get(LittleEndian.INT, 0) == ZipEntryHeader.LOCAL_SIGNATURE;
    }

    Set<String> names() {
        return entries.keySet();
    }

    /**
     * The bytes of a stored entry, which have its checksum.
     *
     * @throws MaskleapException where there is no such entry, it is compressed or encrypted, its own header says
     *     something else than the directory, or its bytes are another entry's too or not those that were written
     */
    MemorySegment data(String name) {
        var entry = entries.get(name);
        if (entry == null) {
            throw new MaskleapException("%s: has no entry %s: damaged".formatted(origin, name));
        }
        if (entry.method() != STORED || (entry.flags() & ENCRYPTED_FLAG) != 0) {
            throw new MaskleapException(("%s: entry %s is compressed or encrypted (method %d), wanted a stored one:"
                    + " load the checkpoint in PyTorch and save it again with torch.save")
                    .formatted(origin, name, entry.method()));
        }
        var reader = reader().seek(entry.localOffset());
        ZipEntryHeader.readLocal(origin, reader, entry).requireSame(origin, entry);
        var data = reader.slice(entry.byteSize());
        var room = starts.higherKey(entry.localOffset());
        if (reader.position() > room) {
            throw lies("entry %s ends at byte %d, beyond byte %d where what follows it begins"
                    .formatted(name, reader.position(), room));
        }
        if (!verified.contains(name)) {
            requireChecksum(entry, data);
            verified.add(name);
        }
        return data;
    }

    private void requireChecksum(ZipEntryHeader entry, MemorySegment data) {
        var crc = new CRC32();
        for (var start = 0L; start < data.byteSize(); start += CHUNK_BYTES) {
            crc.update(data.asSlice(start, Math.min(CHUNK_BYTES, data.byteSize() - start)).asByteBuffer());
        }
        if (crc.getValue() != entry.crc()) {
            throw new MaskleapException(("%s: entry %s has the CRC-32 %08x, wanted %08x: damaged, copy the file again"
                    + " (or save it again, if it was saved without checksums)")
                    .formatted(origin, entry.name(), crc.getValue(), entry.crc()));
        }
    }

    private void readEntries() {
        var end = endOffset();
        var reader = reader().seek(end + 10);
        long count = reader.u2();
        var byteSize = reader.u4();
        var start = reader.u4();
        if (end >= END_64_LOCATOR_BYTES && reader.seek(end - END_64_LOCATOR_BYTES).i4() == END_64_LOCATOR) {
            reader.skip(4);
            reader.seek(reader.i8());
            reader.requireSignature(END_64, "a ZIP64 end record");
            reader.skip(28);
            count = reader.i8();
            byteSize = reader.i8();
            start = reader.i8();
        }
        if (Long.compareUnsigned(count, Limits.ZIP_ENTRIES) > 0) {
            throw new MaskleapException("%s: has %s entries, limit %d"
                    .formatted(origin, Long.toUnsignedString(count), Limits.ZIP_ENTRIES));
        }
        reader.seek(start);
        starts.put(start, "");
        for (var i = 0L; i < count; i++) {
            add(ZipEntryHeader.readCentral(origin, reader), start);
        }
        if (reader.position() - start != byteSize) {
            throw lies("the directory of %d entries ends at byte %d, wanted %s by its end record"
                    .formatted(count, reader.position(), Long.toUnsignedString(start + byteSize)));
        }
    }

    private void add(ZipEntryHeader entry, long directoryStart) {
        if (entry.method() == STORED && entry.byteSize() != entry.storedSize()) {
            throw new MaskleapException("%s: entry %s is stored, but its sizes are %d and %d bytes: damaged"
                    .formatted(origin, entry.name(), entry.storedSize(), entry.byteSize()));
        }
        if (Long.compareUnsigned(entry.localOffset(), directoryStart) >= 0) {
            throw lies("entry %s begins at byte %s, within the directory"
                    .formatted(entry.name(), Long.toUnsignedString(entry.localOffset())));
        }
        if (entries.put(entry.name(), entry) != null) {
            throw new MaskleapException("%s: has two entries %s".formatted(origin, entry.name()));
        }
        var other = starts.put(entry.localOffset(), entry.name());
        if (other != null) {
            throw lies("entries %s and %s both begin at byte %d".formatted(other, entry.name(), entry.localOffset()));
        }
    }

    private long endOffset() {
        var last = bytes.byteSize() - END_BYTES;
        for (var offset = last; offset >= Math.max(0, last - COMMENT_BYTES_LIMIT); offset--) {
            if (bytes.get(LittleEndian.INT, offset) == END && commentLength(offset) == last - offset) {
                return offset;
            }
        }
        throw new MaskleapException("%s: ZIP archive without an end record in its %d bytes: truncated, copy it again"
                .formatted(origin, bytes.byteSize()));
    }

    /** The comment reaches to the end of the file, so that bytes in it cannot pass for the end record. */
    private int commentLength(long end) {
        return Short.toUnsignedInt(bytes.get(LittleEndian.SHORT, end + END_BYTES - Short.BYTES));
    }

    private MaskleapException lies(String what) {
        return new MaskleapException("%s: %s: damaged or forged".formatted(origin, what));
    }

    private ByteReader reader() {
        return new ByteReader(origin, bytes);
    }
}
