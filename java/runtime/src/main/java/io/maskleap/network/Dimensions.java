package io.maskleap.network;

import io.maskleap.error.MaskleapException;
import io.maskleap.weights.JsonObject;
import io.maskleap.weights.TensorSource;

/** The sizes of a tensor from which a network's are derived. */
public final class Dimensions {
    private Dimensions() {
    }

    /**
     * The dimensions of the tensor {@code name}.
     *
     * @throws MaskleapException where it has not {@code rank} of them, each from 1 to what an int holds
     */
    public static int[] of(TensorSource source, String name, int rank) {
        var shape = source.tensor(name).shape();
        if (shape.size() != rank || shape.stream().anyMatch(size -> size < 1 || size > Integer.MAX_VALUE)) {
            throw new MaskleapException(source.path() + ": tensor " + name + " has shape " + shape + ", wanted " + rank
                    + (rank == 1 ? " dimension" : " dimensions") + " of at least 1");
        }
        return shape.stream().mapToInt(Long::intValue).toArray();
    }

    /**
     * The size that a configuration's {@code key} states.
     *
     * @throws MaskleapException where it is none from {@code least} to {@code most}
     */
    public static int of(JsonObject json, String key, int least, int most) {
        int size = json.getInt(key);
        if (size < least || size > most) {
            throw json.error(key, least + " to " + most);
        }
        return size;
    }

    /** @throws MaskleapException where one of a configuration's sizes is less than 1 */
    public static void requirePositive(String network, int... sizes) {
        for (int size : sizes) {
            if (size < 1) {
                throw new MaskleapException(network + ": a size is " + size + ", wanted at least 1; import the checkpoint again");
            }
        }
    }
}
