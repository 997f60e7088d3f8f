package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;

/**
 * The archive that torch.save writes since PyTorch 1.6: {@code <stem>/data.pkl} is the pickled tree, and
 * {@code <stem>/data/<key>} the bytes of each storage.
 */
final class TorchArchive {
    private static final String PICKLE = "/data.pkl";
    private static final int BYTE_ORDER_BYTES = 16;
    private static final int PICKLE_START = 0x80; // the opcode PROTO, which the formats before 1.6 begin with

    private final ZipDirectory zip;
    private final String stem;

    /**
     * @param origin begins every error's sentence: the path
     * @throws MaskleapException where the bytes are not such an archive, or its storages are big-endian
     */
    TorchArchive(String origin, MemorySegment bytes) {
        if (!ZipDirectory.isZip(bytes)) {
            throw notAnArchive(origin, bytes);
        }
        zip = new ZipDirectory(origin, bytes);
        stem = stem(origin, zip);
        var byteOrder = stem + "/byteorder"; // absent before PyTorch 2.1
        if (zip.names().contains(byteOrder) && !isLittle(origin, byteOrder)) {
            throw new MaskleapException(origin + ": was saved on a big-endian machine, wanted little-endian");
        }
    }

    private static String stem(String origin, ZipDirectory zip) {
        var pickles = zip.names().stream()
                .filter(name -> name.endsWith(PICKLE) && name.indexOf('/') == name.length() - PICKLE.length())
                .toList();
        if (pickles.isEmpty()) {
            throw new MaskleapException(origin + ": a ZIP archive without <name>" + PICKLE + ": not a PyTorch checkpoint");
        }
        if (pickles.size() > 1) { // another reader may take another one
            throw new MaskleapException("%s: holds %s and %s, wanted one pickle: damaged or forged"
                    .formatted(origin, pickles.get(0), pickles.get(1)));
        }
        return pickles.getFirst().substring(0, pickles.getFirst().length() - PICKLE.length());
    }

    private boolean isLittle(String origin, String byteOrder) {
        var word = zip.data(byteOrder);
        if (word.byteSize() > BYTE_ORDER_BYTES) {
            throw new MaskleapException("%s: entry %s has %d bytes, limit %d"
                    .formatted(origin, byteOrder, word.byteSize(), BYTE_ORDER_BYTES));
        }
        return Utf8.decode(origin, word).strip().equals("little");
    }

    MemorySegment pickle() {
        return zip.data(stem + PICKLE);
    }

    MemorySegment storage(String key) {
        return zip.data(stem + "/data/" + key);
    }

    private static MaskleapException notAnArchive(String origin, MemorySegment bytes) {
        var start = bytes.asSlice(0, Math.min(bytes.byteSize(), Long.BYTES)).toArray(ValueLayout.JAVA_BYTE);
        if (Byte.toUnsignedInt(start[0]) == PICKLE_START) {
            return new MaskleapException(origin + ": a checkpoint in the format before PyTorch 1.6, or another pickle:"
                    + " load it in PyTorch and save it again with torch.save");
        }
        return new MaskleapException("%s: not a PyTorch checkpoint (starts with %s, wanted a ZIP archive)"
                .formatted(origin, HexFormat.ofDelimiter(" ").formatHex(start)));
    }
}
