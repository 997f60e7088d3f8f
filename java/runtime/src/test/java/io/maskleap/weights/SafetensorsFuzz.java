package io.maskleap.weights;

import io.maskleap.FuzzProperty;
import io.maskleap.JsonEdits;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Any bytes as a safetensors file, of which every tensor is read. Every other one gets a length that fits its header, or
 * few headers would be read; some are edits of an honest header.
 */
public final class SafetensorsFuzz {
    private static final String HONEST = """
            {"__metadata__": {"format": "pt"}, "a": {"dtype": "F64", "shape": [2, 1], "data_offsets": [0, 16]},
             "b": {"dtype": "BF16", "shape": [2], "data_offsets": [16, 20]},
             "c": {"dtype": "BOOL", "shape": [0, 3], "data_offsets": [20, 20]}}""";
    private static final int HONEST_DATA_BYTES = 20;
    private static final Path PATH = Path.of("a.safetensors");

    private SafetensorsFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length == 0) {
            return; // refused before it is mapped
        }
        var bytes = JsonEdits.isEdits(input) ? withEdits(input)
                : Arrays.hashCode(input) % 2 == 0 ? input : withLength(input.clone());
        FuzzProperty.check(() -> {
            try (var file = new SafetensorsFile(new MappedFile(PATH, Arena.ofConfined(), MemorySegment.ofArray(bytes)))) {
                for (var name : file.names()) {
                    FuzzProperty.check(() -> read(file.tensor(name)));
                }
                file.tensor("no such tensor");
            }
        });
    }

    private static byte[] withEdits(byte[] edits) {
        var header = JsonEdits.apply(HONEST, edits);
        return ByteBuffer.allocate(Long.BYTES + header.length + HONEST_DATA_BYTES).order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length).put(header).array();
    }

    /** The header ends with the last brace. */
    private static byte[] withLength(byte[] bytes) {
        var end = bytes.length;
        while (end > Long.BYTES && bytes[end - 1] != '}') {
            end--;
        }
        if (end > Long.BYTES) {
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(0, end - Long.BYTES);
        }
        return bytes;
    }

    static void read(RawTensor tensor) {
        switch (tensor.dtype()) {
            case F64, F32, F16, BF16 -> tensor.toDoubles();
            case I64, I32, I16, I8, U8, BOOL -> tensor.toInts();
        }
    }
}
