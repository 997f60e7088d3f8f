package io.maskleap.weights;

import io.maskleap.FuzzProperty;
import io.maskleap.ZipBytes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;

/** Any bytes as a PyTorch checkpoint; every other archive gets checksums that fit, or few would be read far. */
public final class CheckpointFuzz {
    private static final Path PATH = Path.of("a.pth");

    private CheckpointFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length == 0) {
            return; // refused before it is mapped
        }
        var bytes = Arrays.hashCode(input) % 2 == 0 ? input : new ZipBytes(input.clone()).repairChecksums().array();
        FuzzProperty.check(() -> {
            try (var checkpoint = new TorchCheckpoint(new MappedFile(PATH, Arena.ofConfined(), MemorySegment.ofArray(bytes)))) {
                PickleFuzz.readAll(checkpoint.stateDict("model_state_dict", "state_dict"), checkpoint.root());
            }
        });
    }
}
