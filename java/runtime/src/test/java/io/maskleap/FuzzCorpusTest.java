package io.maskleap;

import static org.junit.jupiter.api.Assertions.assertFalse;

import io.maskleap.weights.CheckpointFuzz;
import io.maskleap.weights.PickleFuzz;
import io.maskleap.weights.SafetensorsFuzz;
import io.maskleap.weights.ShardsFuzz;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Every input that fuzzing kept, once; {@code java/runtime/fuzz} looks for more. */
class FuzzCorpusTest {
    private static final Path CORPUS = Path.of(System.getProperty("maskleap.fuzz.corpus"));

    @Test
    void safetensors() throws IOException {
        replay("safetensors", SafetensorsFuzz::fuzzerTestOneInput);
    }

    @Test
    void shards() throws IOException {
        replay("shards", ShardsFuzz::fuzzerTestOneInput);
    }

    @Test
    void checkpoint() throws IOException {
        replay("checkpoint", CheckpointFuzz::fuzzerTestOneInput);
    }

    @Test
    void pickle() throws IOException {
        replay("pickle", PickleFuzz::fuzzerTestOneInput);
    }

    @Test
    void manifest() throws IOException {
        replay("manifest", ManifestFuzz::fuzzerTestOneInput);
    }

    private static void replay(String target, Consumer<byte[]> fuzzTarget) throws IOException {
        try (var listed = Files.list(CORPUS.resolve(target))) {
            var inputs = listed.sorted().toList();
            assertFalse(inputs.isEmpty());
            for (var input : inputs) {
                try {
                    fuzzTarget.accept(Files.readAllBytes(input));
                } catch (RuntimeException | Error e) {
                    throw new AssertionError(input + ": " + e, e);
                }
            }
        }
    }
}
