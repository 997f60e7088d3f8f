package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A checkpoint that torch.save wrote (PyTorch 1.6 or newer), mapped and read without running anything.
 *
 * <p>Opening it decodes the small pickled tree; a tensor's data are touched when it is asked for.
 */
public final class TorchCheckpoint implements AutoCloseable {
    private static final int KEYS_SHOWN = 10;

    private final MappedFile file;
    private final TorchArchive archive;
    private final Object root;

    /** Decodes the tree; errors as {@link #open}. The file is closed with this. */
    TorchCheckpoint(MappedFile file) {
        var origin = file.path().toString();
        this.file = file;
        this.archive = new TorchArchive(origin, file.bytes());
        var pickle = origin + ": data.pkl";
        this.root = Unpickler.decode(pickle, archive.pickle(), new TorchAllowlist(pickle));
    }

    /**
     * Maps the file and decodes its tree.
     *
     * @throws MaskleapException where the file cannot be read, is no such checkpoint, or is damaged
     */
    public static TorchCheckpoint open(Path path) {
        var file = MappedFile.open(path);
        try {
            return new TorchCheckpoint(file);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    public Path path() {
        return file.path();
    }

    /**
     * The decoded tree: Map, List, String, Long, Double, Boolean, null, {@link ForeignObject} and, opaque to
     * who reads the tree, tensors. It is shared and not to be changed, and a hostile file can make it contain
     * itself: look at the keys you know instead of walking it.
     */
    public Object root() {
        return root;
    }

    /**
     * The tensors of the first of {@code candidateKeys} of the root whose value is a dict with tensors, or
     * of the root if none is. Entries that are not tensors have no name there. The data end with this
     * checkpoint, which closing the source leaves open.
     *
     * @throws MaskleapException where there are no such tensors; the sentence lists the root's keys
     */
    public TensorSource stateDict(String... candidateKeys) {
        if (!(root instanceof Map<?, ?> dict)) {
            throw new MaskleapException("%s: holds %s, wanted a dict of tensors".formatted(path(), describe(root)));
        }
        return Stream.concat(Arrays.stream(candidateKeys).map(dict::get), Stream.of(dict))
                .filter(TorchCheckpoint::holdsTensors)
                .findFirst()
                .map(entries -> new TorchStateDict(path(), (Map<?, ?>) entries, new TorchTensorReader(file, archive)))
                .orElseThrow(() -> noTensors(dict, candidateKeys));
    }

    /** Unmaps the file; does nothing the second time. */
    @Override
    public void close() {
        file.close();
    }

    private MaskleapException noTensors(Map<?, ?> dict, String... candidateKeys) {
        var place = candidateKeys.length == 0 ? "" : " under " + String.join(", ", candidateKeys);
        return new MaskleapException("%s: has no dict of tensors%s; its keys are %s"
                .formatted(path(), place, keys(dict)));
    }

    private static boolean holdsTensors(Object value) {
        return value instanceof Map<?, ?> dict && dict.entrySet().stream()
                .anyMatch(entry -> entry.getKey() instanceof String && entry.getValue() instanceof TorchTensor);
    }

    private static String keys(Map<?, ?> dict) {
        var shown = dict.keySet().stream().limit(KEYS_SHOWN).map(Objects::toString).collect(Collectors.joining(", "));
        return dict.size() > KEYS_SHOWN ? shown + " and " + (dict.size() - KEYS_SHOWN) + " more" : shown;
    }

    /** What a value is, in a word or two; never its content, which may be endless. */
    static String describe(Object value) {
        return switch (value) {
            case null -> "None";
            case ForeignObject object -> "a Python object (" + object + ")";
            case TorchTensor _ -> "a tensor";
            case Map<?, ?> _ -> "a dict";
            case List<?> _ -> "a list";
            case String _ -> "a string";
            default -> "the value " + value;
        };
    }
}
