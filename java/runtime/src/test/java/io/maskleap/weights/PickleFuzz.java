package io.maskleap.weights;

import io.maskleap.FuzzProperty;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;

/** Any bytes as the pickle of a checkpoint with two storages. */
public final class PickleFuzz {
    private static final Path PATH = Path.of("a.pth");
    private static final byte[] ARCHIVE = archive();
    /** Copies from here on take long, and those beyond the limit are refused. */
    private static final long LARGE = 1 << 12;

    private PickleFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        FuzzProperty.check(() -> {
            var root = Unpickler.decode("a.pth: data.pkl", MemorySegment.ofArray(input), new TorchAllowlist("a.pth: data.pkl"));
            TorchCheckpoint.describe(root);
            try (var file = new MappedFile(PATH, Arena.ofConfined(), MemorySegment.ofArray(ARCHIVE))) {
                if (root instanceof Map<?, ?> dict) {
                    var reader = new TorchTensorReader(file, new TorchArchive(PATH.toString(), file.bytes()));
                    readAll(new TorchStateDict(PATH, dict, reader), dict);
                }
            }
        });
    }

    /** Reads the tensors of {@code root}, the dict of {@code source} or one that holds it. */
    static void readAll(TensorSource source, Object root) {
        for (var name : source.names()) {
            if (!(root instanceof Map<?, ?> dict && dict.get(name) instanceof TorchTensor tensor && isLarge(tensor))) {
                FuzzProperty.check(() -> SafetensorsFuzz.read(source.tensor(name)));
            }
        }
        source.tensor("no such tensor");
    }

    private static boolean isLarge(TorchTensor tensor) {
        var count = tensor.shape().stream().mapToDouble(Long::doubleValue).reduce(1, (a, b) -> a * b);
        return count > LARGE && count <= Limits.REPEATED_BYTES;
    }

    private static byte[] archive() {
        var bytes = new ByteArrayOutputStream();
        try {
            TorchFiles.write(bytes, new PickleBuilder().op(Opcode.NONE).stop(), Map.of("0", new byte[24], "1", new byte[64]));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
