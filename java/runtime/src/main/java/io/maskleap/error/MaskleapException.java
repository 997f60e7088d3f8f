package io.maskleap.error;

/**
 * Something that a user can understand and mend: its message is one sentence that says what was wrong, what was
 * found, what was wanted and, where there is one, the remedy.
 */
public class MaskleapException extends RuntimeException {
    public MaskleapException(String sentence) {
        super(sentence);
    }

    public MaskleapException(String sentence, Throwable cause) {
        super(sentence, cause);
    }
}
