package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * Named tensors of a file or of several; immutable and safe to share between threads.
 *
 * <p>The tensors' data end with the source: after {@link #close} each access to them throws
 * {@link IllegalStateException}.
 */
public interface TensorSource extends AutoCloseable {

    /** The file (or the index) that the tensors are in. */
    Path path();

    /** All names, in the file's order. */
    Set<String> names();

    /** The tensor of that name, or empty where there is none. */
    Optional<RawTensor> find(String name);

    /**
     * The tensor of that name.
     *
     * @throws MaskleapException where there is none; the sentence names similar ones
     */
    default RawTensor tensor(String name) {
        return find(name).orElseThrow(
                () -> new MaskleapException(path() + ": no tensor " + name + SimilarNames.hint(name, names())));
    }

    @Override
    void close();
}
