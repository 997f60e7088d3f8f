package io.maskleap.architecture;

import io.maskleap.architecture.maskgit.MaskGitArchitecture;
import io.maskleap.device.DeviceContext;
import io.maskleap.error.MaskleapException;
import io.maskleap.kernel.Dtype;
import io.maskleap.weights.JsonObject;
import io.maskleap.weights.ModelFolder;
import io.maskleap.weights.TensorSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A kind of model: which networks it has and how they are read from a model folder. The loop over the steps and everything that a user calls know
 * an architecture only through this interface and {@link Networks}. A new architecture is a folder beside this file, a name in {@code permits} and
 * an element of {@link #ALL}.
 */
public sealed interface Architecture permits MaskGitArchitecture {
    /** Every architecture that this library runs. */
    List<Architecture> ALL = List.of(new MaskGitArchitecture());

    /** What the manifest calls it. */
    String name();

    /** What people call it. */
    String displayName();

    /**
     * Reads the architecture's part of a manifest, checked as far as it can be without the weights.
     *
     * @throws MaskleapException if something is missing, impossible or at odds with the rest; the sentence names the key
     */
    Description read(JsonObject manifest);

    /** What a manifest says of a model's networks. */
    interface Description {
        /** The sizes that the loop and a user need to know. */
        ModelSizes sizes();

        /** The model's networks, in the order in which people think of them. */
        List<NetworkDescription> networks();

        /**
         * Maps the weights in {@code folder} and brings the networks to {@code device}.
         *
         * @param operands the dtype of what is multiplied; empty: as the weights are stored
         * @throws MaskleapException if a file is missing or damaged, the weights do not fit the description, or the device has no products of the dtype;
         *                           everything that was mapped is closed then
         */
        Networks open(ModelFolder folder, DeviceContext device, Optional<Dtype> operands);
    }

    /**
     * What a manifest says of one network.
     *
     * @param name    its key in the manifest, such as {@code base}
     * @param summary its sizes in a few words, given its weights
     */
    record NetworkDescription(String name, Function<TensorSource, String> summary) {
    }

    /**
     * The architecture that a manifest names.
     *
     * @throws MaskleapException if there is none of that name; the sentence names them all
     */
    static Architecture of(JsonObject manifest) {
        var name = manifest.getString("architecture");
        return ALL.stream().filter(architecture -> architecture.name().equals(name)).findFirst().orElseThrow(() -> manifest.error("architecture",
                ALL.stream().map(architecture -> '"' + architecture.name() + '"').collect(Collectors.joining(" or "))));
    }
}
