package io.maskleap.weights;

import io.maskleap.error.MaskleapException;

/**
 * What a ZIP archive says of one entry. It says it twice: in its directory, and in the entry's own header before the data.
 *
 * <p>Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12 and 4.5.3.
 *
 * @param crc         CRC-32 of the data
 * @param storedSize  bytes in the archive
 * @param byteSize    bytes of the data
 * @param localOffset where the entry's own header begins
 */
record ZipEntryHeader(String name, int flags, int method, long crc, long storedSize, long byteSize, long localOffset) {
    static final int LOCAL_SIGNATURE = 0x04034b50;
    private static final int CENTRAL_SIGNATURE = 0x02014b50;
    private static final int ZIP64_FIELD = 1;
    private static final long IN_ZIP64_FIELD = 0xffff_ffffL;
    /** The writer did not know checksum and sizes yet: they follow the data, and are 0 here. */
    private static final int DESCRIPTOR_FLAG = 1 << 3;

    /** Reads the next entry of the directory; {@code origin} (the path) begins an error's sentence. */
    static ZipEntryHeader readCentral(String origin, ByteReader reader) {
        reader.requireSignature(CENTRAL_SIGNATURE, "an entry of the directory");
        reader.skip(4);
        var flags = reader.u2();
        var method = reader.u2();
        reader.skip(4);
        var crc = reader.u4();
        var storedSize = reader.u4();
        var byteSize = reader.u4();
        var nameLength = reader.u2();
        var extraLength = reader.u2();
        var commentLength = reader.u2();
        reader.skip(8);
        var localOffset = reader.u4();
        var name = reader.text(nameLength);

        var extra = new ByteReader(origin + ": extra field of " + name, reader.slice(extraLength));
        if (byteSize == IN_ZIP64_FIELD || storedSize == IN_ZIP64_FIELD || localOffset == IN_ZIP64_FIELD) {
            seekZip64Field(extra);
            // Only what does not fit its 32 bits stands there, in this order.
            byteSize = byteSize == IN_ZIP64_FIELD ? extra.i8() : byteSize;
            storedSize = storedSize == IN_ZIP64_FIELD ? extra.i8() : storedSize;
            localOffset = localOffset == IN_ZIP64_FIELD ? extra.i8() : localOffset;
        }
        reader.skip(commentLength);
        return new ZipEntryHeader(name, flags, method, crc, storedSize, byteSize, localOffset);
    }

    /** Reads the own header of the entry that the directory calls {@code central}; the reader is at the data then. */
    static ZipEntryHeader readLocal(String origin, ByteReader reader, ZipEntryHeader central) {
        reader.requireSignature(LOCAL_SIGNATURE, "an entry's header");
        reader.skip(2);
        var flags = reader.u2();
        var method = reader.u2();
        reader.skip(4);
        var crc = reader.u4();
        var storedSize = reader.u4();
        var byteSize = reader.u4();
        var nameLength = reader.u2();
        var extraLength = reader.u2();
        var name = reader.text(nameLength);

        var extra = new ByteReader(origin + ": own extra field of " + central.name, reader.slice(extraLength));
        if (byteSize == IN_ZIP64_FIELD && storedSize == IN_ZIP64_FIELD) {
            seekZip64Field(extra);
            byteSize = extra.i8();
            storedSize = extra.i8();
        }
        return new ZipEntryHeader(name, flags, method, crc, storedSize, byteSize, central.localOffset);
    }

    /** @throws MaskleapException where this, the entry's own header, says something else than the directory */
    void requireSame(String origin, ZipEntryHeader central) {
        if (!name.equals(central.name)) {
            throw new MaskleapException("%s: entry %s has the name %s in its own header: damaged or forged"
                    .formatted(origin, central.name, name));
        }
        requireSame(origin, "method", "%d", method, central.method);
        if ((flags & DESCRIPTOR_FLAG) != 0 && crc == 0 && storedSize == 0 && byteSize == 0) {
            return;
        }
        requireSame(origin, "CRC-32", "%08x", crc, central.crc);
        requireSame(origin, "stored size", "%d", storedSize, central.storedSize);
        requireSame(origin, "size", "%d", byteSize, central.byteSize);
    }

    private void requireSame(String origin, String what, String format, long own, long central) {
        if (own != central) {
            throw new MaskleapException(("%s: entry %s has the %s " + format + " in its own header, " + format
                    + " in the directory: damaged or forged").formatted(origin, name, what, own, central));
        }
    }

    private static void seekZip64Field(ByteReader extra) {
        while (extra.u2() != ZIP64_FIELD) {
            extra.skip(extra.u2());
        }
        extra.skip(2);
    }
}
