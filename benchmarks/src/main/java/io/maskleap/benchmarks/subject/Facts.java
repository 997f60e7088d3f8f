package io.maskleap.benchmarks.subject;

import io.maskleap.weights.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the process that measures tells the one that started it, beside times: the library that it loaded, the largest error.
 */
public final class Facts {
    /** The system property that names the file for them; without it, nobody asks. */
    public static final String FILE_PROPERTY = "maskleap.benchmarks.facts";

    private static final Map<String, Object> FACTS = new LinkedHashMap<>();

    private Facts() {
    }

    /** Notes a fact: a string or a number. */
    public static synchronized void put(String name, Object value) {
        FACTS.put(name, value);
        var file = System.getProperty(FILE_PROPERTY);
        if (file == null) {
            return;
        }
        try {
            Files.writeString(Path.of(file), Json.compact(FACTS));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
