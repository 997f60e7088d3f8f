package io.maskleap.weights;

import io.maskleap.FuzzProperty;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** Any bytes as a safetensors file, of which every tensor is read. */
public final class SafetensorsFuzz {
    private static final Path PATH = Path.of("a.safetensors");

    private SafetensorsFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        FuzzProperty.check(() -> {
            try (var file = new SafetensorsFile(new MappedFile(PATH, Arena.ofConfined(), MemorySegment.ofArray(input)))) {
                for (var name : file.names()) {
                    FuzzProperty.check(() -> read(file.tensor(name)));
                }
                file.tensor("no such tensor");
            }
        });
    }

    static void read(RawTensor tensor) {
        switch (tensor.dtype()) {
            case F64, F32, F16, BF16 -> tensor.toDoubles();
            case I64, I32, I16, I8, U8, BOOL -> tensor.toInts();
        }
    }
}
