package io.maskleap.cli;

import io.maskleap.ModelInfo;
import io.maskleap.error.MaskleapException;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The classes that a command line names: each by name or, where no class has that name, by number. */
final class ClassNames {
    private static final int MOST_LISTED = 20;

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
            throw new MaskleapException("which class? " + known(model));
        }
        return asked.stream().mapToInt(text -> label(model, text)).toArray();
    }

    private static int label(ModelInfo model, String text) {
        int named = model.classNames().indexOf(text);
        int label = named >= 0 ? named : number(text);
        if (label < 0 || label >= model.classes()) {
            throw new MaskleapException("there is no class \"" + text + "\"; " + known(model));
        }
        return label;
    }

    private static int number(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException _) {
            return -1;
        }
    }

    private static String known(ModelInfo model) {
        var numbers = "0 to " + (model.classes() - 1);
        if (model.classNames().isEmpty()) {
            return model.name() + " knows classes by number only, " + numbers;
        }
        var names = model.classNames().stream().limit(MOST_LISTED).collect(Collectors.joining(", "));
        int more = model.classNames().size() - MOST_LISTED;
        return model.name() + " knows " + names + (more > 0 ? " and " + more + " more" : "") + " (or by number, " + numbers + ")";
    }
}
