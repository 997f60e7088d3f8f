package io.maskleap.error;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Objects;

/** Why the file system refused, for the end of a sentence. */
public final class Reason {
    private Reason() {
    }

    /** The reason in words; Java's own message is often no more than the path. */
    public static String of(IOException e) {
        return switch (e) {
            case AccessDeniedException _ -> "access denied";
            case NoSuchFileException _ -> "no such file or folder";
            case CharacterCodingException _ -> "not UTF-8 text";
            case FileSystemException refused when refused.getReason() != null -> refused.getReason();
            default -> Objects.requireNonNullElse(e.getMessage(), "the file system does not say why");
        };
    }
}
