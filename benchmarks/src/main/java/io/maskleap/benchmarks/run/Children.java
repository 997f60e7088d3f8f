package io.maskleap.benchmarks.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Processes with the classes of this one. */
final class Children {
    /** JavaCPP's classes use what a later Java will not have; forks say so in four lines each. */
    static final String NO_WARNING = "--sun-misc-unsafe-memory-access=allow";

    private Children() {
    }

    /** The command that runs {@code program}. */
    static List<String> command(Class<?> program, List<String> arguments) {
        var command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--enable-native-access=ALL-UNNAMED",
                NO_WARNING, "-cp", System.getProperty("java.class.path"), program.getName()));
        command.addAll(arguments);
        return command;
    }
}
