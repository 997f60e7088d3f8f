package io.maskleap.weights;

/**
 * How much of each thing a file may ask for. A file that says it has more is refused before memory is taken for it; the
 * limits lie far above what published models need, and keep what reading one file can take of the heap below half a gigabyte.
 */
public final class Limits {
    /** Bytes of a safetensors header: the format's own limit. */
    public static final long SAFETENSORS_HEADER_BYTES = 100_000_000;
    /** Bytes of a JSON or YAML file. The largest are indexes, of some ten megabytes. */
    public static final long TEXT_FILE_BYTES = 100_000_000;

    /** Objects, arrays and plain values of one JSON text. A tensor takes about ten, and a model has thousands of tensors. */
    public static final int JSON_VALUES = 1 << 20;
    /** Objects and arrays within each other, in JSON and YAML: both are read by recursion. */
    public static final int NESTING_LEVELS = 100;
    /** Characters of a name in a JSON object. */
    public static final int JSON_NAME_CHARS = 50_000;
    /** Characters of a JSON string; a few tokenizers and templates have thousands. */
    public static final int JSON_STRING_CHARS = 20_000_000;
    /** Digits of a JSON number: to convert more takes more than linear time. */
    public static final int JSON_NUMBER_CHARS = 1000;
    /** Aliases of collections in YAML. They are expanded, so their number bounds how far a small file can grow. */
    public static final int YAML_ALIASES = 10;

    /** Entries of a ZIP archive: one for each storage of a checkpoint. */
    public static final int ZIP_ENTRIES = 1 << 18;
    /** Bytes of a checkpoint's pickle. Tensors lie outside it, so it is a hundredth of this in large checkpoints. */
    public static final long PICKLE_BYTES = 1 << 26;
    /** Opcodes that one pickle may run: about thirty make a tensor. */
    public static final int PICKLE_OPCODES = 1 << 22;
    /** Values that a pickle remembers for later. */
    public static final int PICKLE_MEMO = 1 << 20;
    /** Values that wait on a pickle's stack. */
    public static final int PICKLE_STACK = 1 << 20;
    /** Bytes of a pickle's integer: to print more takes more than linear time. */
    public static final int PICKLE_INTEGER_BYTES = 1024;
    /** Keys of a pickle's dicts that are not text. No tensor's name is one, and mixed keys of one hash make a dict slow. */
    public static final int PICKLE_OTHER_KEYS = 1024;

    /** Dimensions of a tensor in a checkpoint: PyTorch's own limit. */
    public static final int TENSOR_RANK = 64;
    /**
     * Bytes that a tensor whose strides repeat elements may have, where that is more than its storage has: a stride of 0
     * lets a small file describe a tensor of any size.
     */
    public static final long REPEATED_BYTES = 1L << 28;
    /**
     * How often the tensors taken of one checkpoint may hold its bytes, apart from {@link #REPEATED_BYTES}: tied weights
     * are stored once and taken twice, but a thousand names for one storage would make a thousand copies.
     */
    public static final int SHARES_OF_A_FILE = 2;

    /** Each size of a network that {@code model.json} states, so that sums and products of two of them fit an int. */
    public static final int NETWORK_SIZE = 1 << 20;
    /** Tokens on a side of an image: 4096 of them are 65536 pixels. */
    public static final int GRID = 4096;
    /** Pixels on a side of an image. */
    public static final int IMAGE_SIDE = 1 << 16;
    /** Steps of a generation: more than the tokens of the largest published models. */
    public static final int STEPS = 1 << 16;

    private Limits() {}
}
