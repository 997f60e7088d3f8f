package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Writes safetensors files. */
public final class SafetensorsWriter {
    private static final int ALIGNMENT = 8;

    /** The widest dtypes first, so that each tensor is aligned to its dtype without a gap; then by name. */
    private static final Comparator<RawTensor> ORDER = Comparator
            .comparingInt((RawTensor tensor) -> -tensor.dtype().byteSize())
            .thenComparing(RawTensor::name);

    private SafetensorsWriter() {}

    /**
     * Writes the tensors, one after another and without a second copy in memory. The same tensors and
     * metadata give the same bytes, in whatever order they are handed in. The file appears whole and on disk,
     * or not at all.
     *
     * @throws MaskleapException where two tensors have one name, a name is {@code __metadata__}, the header
     *     would be too long to be read again, or the file cannot be written
     */
    public static void write(Path path, Collection<RawTensor> tensors, Map<String, String> metadata) {
        var ordered = tensors.stream().sorted(ORDER).toList();
        var header = header(path, ordered, metadata);
        AtomicFile.write(path, output -> {
            output.write(MemorySegment.ofArray(header));
            for (var tensor : ordered) {
                output.write(tensor.data());
            }
        });
    }

    /** Length and JSON, padded with spaces so that the data begin at a multiple of 8. */
    private static byte[] header(Path path, List<RawTensor> tensors, Map<String, String> metadata) {
        var json = Json.compact(headerTree(path, tensors, metadata)).getBytes(StandardCharsets.UTF_8);
        var length = Math.ceilDiv(json.length, ALIGNMENT) * ALIGNMENT;
        if (length > Limits.SAFETENSORS_HEADER_BYTES) {
            throw new MaskleapException("%s: header would be %d bytes, limit %d"
                    .formatted(path, length, Limits.SAFETENSORS_HEADER_BYTES));
        }
        var header = ByteBuffer.allocate(Long.BYTES + length).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(length).put(json);
        while (header.hasRemaining()) {
            header.put((byte) ' ');
        }
        return header.array();
    }

    private static Map<String, Object> headerTree(Path path, List<RawTensor> tensors, Map<String, String> metadata) {
        var tree = new LinkedHashMap<String, Object>();
        if (!metadata.isEmpty()) {
            tree.put(SafetensorsHeader.METADATA_KEY, new TreeMap<>(metadata));
        }
        var begin = 0L;
        for (var tensor : tensors) {
            var end = begin + tensor.byteSize();
            var fields = new LinkedHashMap<String, Object>();
            fields.put("dtype", tensor.dtype().safetensorsName());
            fields.put("shape", tensor.shape());
            fields.put("data_offsets", List.of(begin, end));
            if (tensor.name().equals(SafetensorsHeader.METADATA_KEY) || tree.put(tensor.name(), fields) != null) {
                throw new MaskleapException(
                        "%s: cannot be written: tensor name %s is taken".formatted(path, tensor.name()));
            }
            begin = end;
        }
        return tree;
    }
}
