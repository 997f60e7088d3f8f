package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The entries of a mapped ZIP archive, in place. (java.util.zip can read them, but does not say where their
 * bytes are.) Handles ZIP64, which torch.save always writes; neither compression nor encryption.
 *
 * <p>Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3 to 4.5.
 */
final class ZipDirectory {
    private static final int LOCAL_HEADER = 0x04034b50;
    private static final int CENTRAL_HEADER = 0x02014b50;
    private static final int END = 0x06054b50;
    private static final int END_64 = 0x06064b50;
    private static final int END_64_LOCATOR = 0x07064b50;
    private static final int END_BYTES = 22;
    private static final int END_64_LOCATOR_BYTES = 20;
    private static final int COMMENT_BYTES_LIMIT = 0xffff;
    private static final int STORED = 0;
    private static final int ENCRYPTED_FLAG = 1;
    private static final int ZIP64_FIELD = 1;
    private static final long IN_ZIP64_FIELD = 0xffff_ffffL;

    private record Entry(int flags, int method, long byteSize, long headerOffset) {}

    private final String origin;
    private final MemorySegment bytes;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    /**
     * Reads the central directory.
     *
     * @param origin begins every error's sentence: the path
     * @throws MaskleapException where the archive is truncated or damaged, or two entries have one name
     */
    ZipDirectory(String origin, MemorySegment bytes) {
        this.origin = origin;
        this.bytes = bytes;
        readEntries();
    }

    /** Whether the bytes begin as a ZIP archive with entries does. */
    static boolean isZip(MemorySegment bytes) {
        return bytes.byteSize() >= Integer.BYTES && bytes.get(LittleEndian.INT, 0) == LOCAL_HEADER;
    }

    Set<String> names() {
        return entries.keySet();
    }

    /**
     * The bytes of a stored entry.
     *
     * @throws MaskleapException where there is no such entry, or it is compressed or encrypted
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
        var header = reader().seek(entry.headerOffset());
        requireSignature(header, LOCAL_HEADER, "an entry's header");
        header.skip(22); // up to the lengths of name and extra field, which may differ from the central directory's
        var nameLength = header.u2();
        var extraLength = header.u2();
        header.skip(nameLength + extraLength);
        return header.slice(entry.byteSize());
    }

    private void readEntries() {
        var end = endOffset();
        var reader = reader().seek(end + 10);
        long count = reader.u2();
        reader.skip(4);
        var start = reader.u4();
        if (end >= END_64_LOCATOR_BYTES && reader.seek(end - END_64_LOCATOR_BYTES).i4() == END_64_LOCATOR) {
            reader.skip(4);
            reader.seek(reader.i8());
            requireSignature(reader, END_64, "a ZIP64 end record");
            reader.skip(28);
            count = reader.i8();
            reader.skip(8);
            start = reader.i8();
        }
        reader.seek(start);
        for (var i = 0L; i < count; i++) {
            readEntry(reader);
        }
    }

    private long endOffset() {
        var last = bytes.byteSize() - END_BYTES;
        for (var offset = last; offset >= Math.max(0, last - COMMENT_BYTES_LIMIT); offset--) {
            if (bytes.get(LittleEndian.INT, offset) == END) {
                return offset;
            }
        }
        throw new MaskleapException("%s: ZIP archive without an end record in its %d bytes: truncated, copy it again"
                .formatted(origin, bytes.byteSize()));
    }

    private void readEntry(ByteReader reader) {
        requireSignature(reader, CENTRAL_HEADER, "an entry of the directory");
        reader.skip(4);
        var flags = reader.u2();
        var method = reader.u2();
        reader.skip(8);
        var storedSize = reader.u4();
        var byteSize = reader.u4();
        var nameLength = reader.u2();
        var extraLength = reader.u2();
        var commentLength = reader.u2();
        reader.skip(8);
        var headerOffset = reader.u4();
        var name = reader.text(nameLength);

        var extra = new ByteReader(origin + ": extra field of " + name, reader.slice(extraLength));
        if (byteSize == IN_ZIP64_FIELD || storedSize == IN_ZIP64_FIELD || headerOffset == IN_ZIP64_FIELD) {
            seekZip64Field(extra);
            // Only what does not fit its 32 bits stands there, in this order.
            byteSize = byteSize == IN_ZIP64_FIELD ? extra.i8() : byteSize;
            storedSize = storedSize == IN_ZIP64_FIELD ? extra.i8() : storedSize;
            headerOffset = headerOffset == IN_ZIP64_FIELD ? extra.i8() : headerOffset;
        }
        reader.skip(commentLength);
        if (method == STORED && byteSize != storedSize) {
            throw new MaskleapException("%s: entry %s is stored, but its sizes are %d and %d bytes: damaged"
                    .formatted(origin, name, storedSize, byteSize));
        }
        if (entries.put(name, new Entry(flags, method, byteSize, headerOffset)) != null) {
            throw new MaskleapException("%s: has two entries %s".formatted(origin, name));
        }
    }

    private static void seekZip64Field(ByteReader extra) {
        while (extra.u2() != ZIP64_FIELD) {
            extra.skip(extra.u2());
        }
        extra.skip(2);
    }

    private static void requireSignature(ByteReader reader, int signature, String what) {
        if (reader.i4() != signature) {
            throw reader.error("wanted " + what + ": truncated or damaged");
        }
    }

    private ByteReader reader() {
        return new ByteReader(origin, bytes);
    }
}
