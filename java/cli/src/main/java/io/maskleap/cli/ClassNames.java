package io.maskleap.cli;

import io.maskleap.ModelInfo;
import io.maskleap.error.MaskleapException;
import java.util.List;
import java.util.stream.IntStream;

/** The classes that a command line names: each by name or, where no class has that name, by number. */
final class ClassNames {
    private ClassNames() {
    }

    /** The numbers of all of the model's classes. */
    static int[] all(ModelInfo model) {
        return IntStream.range(0, model.classes()).toArray();
    }

    /**
     * The numbers of the classes {@code asked} for, at least one, in that order.
     *
     * @throws MaskleapException where none is asked for or the model does not know one; it names those that there are
     */
    static int[] labels(ModelInfo model, List<String> asked) {
        if (asked.isEmpty()) {
            throw new MaskleapException("which class? " + model.knownClasses());
        }
        return asked.stream().mapToInt(model::label).toArray();
    }
}
