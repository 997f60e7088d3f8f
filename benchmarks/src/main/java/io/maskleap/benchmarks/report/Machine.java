package io.maskleap.benchmarks.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a report says of where it comes from. */
public final class Machine {
    private static final Path CPU = Path.of("/sys/devices/system/cpu/cpu0/cache");
    private static final double GIBIBYTE = 1 << 30;

    private Machine() {
    }

    /** The processor, its cores, caches, and the memory: {@code AMD EPYC 9R14, 2 cores, L1 32K, L2 1024K, L3 32768K, 23 GiB}. */
    public static String hardware() {
        return Stream.of(Stream.of(field("/proc/cpuinfo", "model name", "unknown processor"), Runtime.getRuntime().availableProcessors() + " cores"),
                caches(), memory()).flatMap(part -> part).collect(Collectors.joining(", "));
    }

    private static Stream<String> caches() {
        try (var folders = Files.list(CPU)) {
            return folders.filter(folder -> folder.getFileName().toString().startsWith("index")).sorted()
                    .filter(folder -> !read(folder.resolve("type")).equals("Instruction"))
                    .map(folder -> "L" + read(folder.resolve("level")) + " " + read(folder.resolve("size"))).toList().stream();
        } catch (IOException _) {
            return Stream.empty();
        }
    }

    private static Stream<String> memory() {
        var kibibytes = field("/proc/meminfo", "MemTotal", "").replaceAll("[^0-9]", "");
        return kibibytes.isEmpty() ? Stream.empty() : Stream.of(Math.round(Double.parseDouble(kibibytes) * 1024 / GIBIBYTE) + " GiB");
    }

    /** Operating system and Java. */
    public static String software() {
        return System.getProperty("os.name") + " " + System.getProperty("os.version") + " " + System.getProperty("os.arch") + ", Java "
                + System.getProperty("java.runtime.version") + " (" + System.getProperty("java.vendor") + ")";
    }

    /** The commit of the sources in {@code folder}, with a word where they differ from it; {@code unknown} where there is none. */
    public static String commit(Path folder) {
        var commit = git(folder, "rev-parse", "--short", "HEAD");
        if (commit.isEmpty()) {
            return "unknown";
        }
        return commit + (git(folder, "status", "--porcelain", "--untracked-files=no").isEmpty() ? "" : " and changes");
    }

    private static String git(Path folder, String... arguments) {
        var command = Stream.concat(Stream.of("git", "-C", folder.toString()), Stream.of(arguments)).toList();
        try {
            var process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
            try (var output = process.getInputStream()) {
                return new String(output.readAllBytes(), StandardCharsets.UTF_8).strip();
            }
        } catch (IOException _) {
            return "";
        }
    }

    private static String field(String file, String name, String otherwise) {
        return lines(file).stream().filter(line -> line.startsWith(name)).map(line -> line.substring(line.indexOf(':') + 1).strip()).findFirst()
                .orElse(otherwise);
    }

    private static List<String> lines(String file) {
        try {
            return Files.readAllLines(Path.of(file));
        } catch (IOException _) {
            return List.of();
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException _) {
            return "?";
        }
    }
}
