package io.maskleap;

import io.maskleap.error.MaskleapException;
import java.util.List;

/**
 * What a model is.
 *
 * @param name        as its folder says
 * @param classNames  in order; empty where the model has none
 * @param classes     number of classes
 * @param imageSize   pixels on each side
 * @param grid        tokens on each side
 * @param codebook    K
 * @param channels    C of the features
 * @param hasShortcut whether it can take shortcut steps
 * @param defaults    settings for what a request does not say
 */
public record ModelInfo(String name, List<String> classNames, int classes, int imageSize, int grid, int codebook, int channels,
        boolean hasShortcut, GenerationSettings defaults) {
    private static final int MOST_NAMES = 20;

    public ModelInfo {
        classNames = List.copyOf(classNames);
    }

    /** Grid tokens of an image. */
    public int tokens() {
        return grid * grid;
    }

    /** A class's name, or its number where the model has no names. */
    public String className(int label) {
        return classNames.isEmpty() ? Integer.toString(label) : classNames.get(label);
    }

    /**
     * The number of the class of this name or, where no class has that name, of this number.
     *
     * @throws MaskleapException where there is none; the sentence names those that there are
     */
    public int label(String nameOrNumber) {
        int named = classNames.indexOf(nameOrNumber);
        return requireLabel(named >= 0 ? named : number(nameOrNumber), nameOrNumber);
    }

    /** {@code label}, which is the number of a class, whatever the names are. */
    int label(int label) {
        return requireLabel(label, Integer.toString(label));
    }

    private int requireLabel(int label, String asked) {
        if (label < 0 || label >= classes) {
            throw new MaskleapException("there is no class \"" + asked + "\"; " + knownClasses());
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

    /** The classes in words, for messages. */
    public String knownClasses() {
        var numbers = "0 to " + (classes - 1);
        if (classNames.isEmpty()) {
            return name + " knows classes by number only, " + numbers;
        }
        int more = classNames.size() - MOST_NAMES;
        return name + " knows " + String.join(", ", classNames.subList(0, Math.min(MOST_NAMES, classNames.size())))
                + (more > 0 ? " and " + more + " more" : "") + " (or by number, " + numbers + ")";
    }
}
