package io.maskleap.error;

/**
 * Something that a user can understand and mend: its message is one sentence that says what was wrong, what was
 * found, what was wanted and, where there is one, the remedy.
 *
 * <p>Sentences quote names that files hold, and a file may hold any. So the message is always one line that fits a
 * screen: a character that would break the line or steer a terminal is shown as its number, and the middle of a very
 * long sentence is left out.
 */
public class MaskleapException extends RuntimeException {
    private static final int LENGTH_LIMIT = 2000;

    public MaskleapException(String sentence) {
        super(oneLine(sentence));
    }

    public MaskleapException(String sentence, Throwable cause) {
        super(oneLine(sentence), cause);
    }

    private static String oneLine(String sentence) {
        var shown = shortened(sentence);
        return shown.codePoints().noneMatch(MaskleapException::isUnsafe) ? shown : escaped(shown);
    }

    private static String shortened(String sentence) {
        if (sentence.length() <= LENGTH_LIMIT) {
            return sentence;
        }
        return sentence.substring(0, LENGTH_LIMIT / 2) + " ... " + sentence.substring(sentence.length() - LENGTH_LIMIT / 4);
    }

    private static String escaped(String sentence) {
        var line = new StringBuilder();
        sentence.codePoints().forEach(c -> {
            if (isUnsafe(c)) {
                line.append("\\u{%x}".formatted(c));
            } else {
                line.appendCodePoint(c);
            }
        });
        return line.toString();
    }

    private static boolean isUnsafe(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> true;
            default -> false;
        };
    }
}
