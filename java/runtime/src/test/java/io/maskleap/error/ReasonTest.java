package io.maskleap.error;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;

class ReasonTest {
    @Test
    void reasonIsForPeople() {
        assertEquals("access denied", Reason.of(new AccessDeniedException("x")));
        assertEquals("no such file or folder", Reason.of(new NoSuchFileException("x")));
        assertEquals("Read-only file system", Reason.of(new FileSystemException("x", null, "Read-only file system")));
        assertEquals("not UTF-8 text", Reason.of(new MalformedInputException(1)));
        assertEquals("the stream is closed", Reason.of(new IOException("the stream is closed")));
        assertEquals("the file system does not say why", Reason.of(new IOException()));
    }
}
