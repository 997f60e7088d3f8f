package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The header of a safetensors file, checked as strictly as the format's reference parser does.
 *
 * <p>The format: 8 bytes of header length N, N bytes of JSON, then the tensors' data without a gap. Source:
 * https://github.com/huggingface/safetensors, "Format".
 *
 * @param tensors in the order of their data
 */
record SafetensorsHeader(List<Entry> tensors, Map<String, String> metadata) {
    static final String METADATA_KEY = "__metadata__";
    private static final int LENGTH_BYTES = Long.BYTES;

    /** One tensor: its data are the bytes {@code begin} to {@code end} (exclusive) of the file. */
    record Entry(String name, StoredDtype dtype, List<Long> shape, long begin, long end) {}

    /** Reads and checks the header of {@code file}; {@code origin} (the path) begins every error's sentence. */
    static SafetensorsHeader parse(String origin, MemorySegment file) {
        var length = checkedLength(origin, file);
        var dataStart = LENGTH_BYTES + length;
        var header = Json.parseObject(origin, file.asSlice(LENGTH_BYTES, length));

        var tensors = new ArrayList<Entry>();
        for (var name : header.keys()) {
            if (!name.equals(METADATA_KEY)) {
                tensors.add(entry(origin, name, header.getObject(name), dataStart));
            }
        }
        // Empty tensors lie at the same place as the tensor after them, so by the end too.
        tensors.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        checkNoGaps(origin, tensors, dataStart, file.byteSize());
        return new SafetensorsHeader(Collections.unmodifiableList(tensors), metadata(header));
    }

    private static long checkedLength(String origin, MemorySegment file) {
        if (file.byteSize() <= LENGTH_BYTES || file.get(ValueLayout.JAVA_BYTE, LENGTH_BYTES) != '{') {
            var start = file.asSlice(0, Math.min(file.byteSize(), LENGTH_BYTES + 1)).toArray(ValueLayout.JAVA_BYTE);
            throw new MaskleapException("%s: not a safetensors file (starts with %s, wanted 8 bytes of length and '{')"
                    .formatted(origin, HexFormat.ofDelimiter(" ").formatHex(start)));
        }
        var length = file.get(LittleEndian.LONG, 0);
        if (Long.compareUnsigned(length, Limits.SAFETENSORS_HEADER_BYTES) > 0) {
            throw new MaskleapException("%s: header is %s bytes, limit %d"
                    .formatted(origin, Long.toUnsignedString(length), Limits.SAFETENSORS_HEADER_BYTES));
        }
        if (length > file.byteSize() - LENGTH_BYTES) {
            throw new MaskleapException("%s: header is %d bytes, but only %d follow its length: truncated"
                    .formatted(origin, length, file.byteSize() - LENGTH_BYTES));
        }
        return length;
    }

    private static Entry entry(String origin, String name, JsonObject fields, long dataStart) {
        var what = origin + ": tensor " + name;
        var dtypeName = fields.getString("dtype");
        var dtype = StoredDtype.ofSafetensorsName(dtypeName).orElseThrow(() -> new MaskleapException(
                "%s: dtype is %s, wanted one of %s".formatted(what, dtypeName, dtypeNames())));
        var shape = fields.getLongs("shape");
        var offsets = fields.getLongs("data_offsets");
        if (offsets.size() != 2 || offsets.get(0) < 0 || offsets.get(1) < offsets.get(0)) {
            throw new MaskleapException("%s: data_offsets are %s, wanted [begin, end]".formatted(what, offsets));
        }
        var byteSize = Shapes.byteSize(what, dtype, shape);
        if (byteSize != offsets.get(1) - offsets.get(0)) {
            throw new MaskleapException("%s: %s %s takes %d bytes, but data_offsets %s span %d"
                    .formatted(what, dtype, shape, byteSize, offsets, offsets.get(1) - offsets.get(0)));
        }
        try {
            return new Entry(name, dtype, shape,
                    Math.addExact(dataStart, offsets.get(0)), Math.addExact(dataStart, offsets.get(1)));
        } catch (ArithmeticException e) {
            throw new MaskleapException("%s: data_offsets %s are beyond any file".formatted(what, offsets), e);
        }
    }

    private static void checkNoGaps(String origin, List<Entry> tensors, long dataStart, long fileSize) {
        var position = dataStart;
        for (var tensor : tensors) {
            if (tensor.begin() != position) {
                throw new MaskleapException("%s: tensor %s begins at byte %d of the file, wanted %d: %s before it"
                        .formatted(origin, tensor.name(), tensor.begin(), position,
                                tensor.begin() > position ? "a hole" : "an overlap"));
            }
            position = tensor.end();
        }
        if (position != fileSize) {
            throw new MaskleapException("%s: is %d bytes, wanted %d by its header: %s".formatted(
                    origin, fileSize, position, fileSize < position ? "truncated" : "something follows the tensors"));
        }
    }

    private static Map<String, String> metadata(JsonObject header) {
        var metadata = new LinkedHashMap<String, String>();
        header.findObject(METADATA_KEY).ifPresent(
                object -> object.keys().forEach(key -> metadata.put(key, object.getString(key))));
        return Collections.unmodifiableMap(metadata);
    }

    private static String dtypeNames() {
        return Stream.of(StoredDtype.values()).map(StoredDtype::safetensorsName).collect(Collectors.joining(", "));
    }
}
