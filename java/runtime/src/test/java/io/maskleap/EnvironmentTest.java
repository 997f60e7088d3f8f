package io.maskleap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whatever the environment says of threads and instruction sets, the image is the same, or one sentence says why there is none. */
class EnvironmentTest {
    private static String checksum;

    private record Output(int status, List<String> lines) {
        String checksum() {
            assertEquals(0, status, lines.toString());
            return lines.getLast();
        }
    }

    @BeforeAll
    static void paintUndisturbed() {
        checksum = paint(Map.of(), List.of(), 1).checksum();
    }

    /** Paints in a process of its own, since the libraries read their environment when they are loaded. */
    private static Output paint(Map<String, String> environment, List<String> launcher, int threads) {
        return paint(environment, launcher, threads, classPath());
    }

    private static String classPath() {
        return Stream.concat(Stream.of("target/test-classes"), Stream.of("jdk.module.path", "jdk.module.main.location", "java.class.path").map(System::getProperty))
                .filter(path -> path != null).collect(Collectors.joining(File.pathSeparator));
    }

    private static Output paint(Map<String, String> environment, List<String> launcher, int threads, String classPath) {
        var command = new ArrayList<>(launcher);
        command.addAll(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--enable-native-access=ALL-UNNAMED",
                "-XX:-UsePerfData", "-Xmx1g", "-cp", classPath, "-Dmaskleap.demo=" + System.getProperty("maskleap.demo"),
                "-Dmaskleap.fixtures=" + System.getProperty("maskleap.fixtures"), ImageChecksumProgram.class.getName(), Integer.toString(threads)));
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        try {
            var process = builder.start();
            var lines = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines().toList();
            return new Output(process.waitFor(), lines);
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A team of other size than oneDNN was told loses rows: half of the image was noise. Eight threads are more than OMP_DYNAMIC gives on a small machine. */
    @ParameterizedTest
    @CsvSource({
        "OMP_THREAD_LIMIT, 1, 8", "OMP_THREAD_LIMIT, 2, 3", "OMP_DYNAMIC, true, 8", "OMP_MAX_ACTIVE_LEVELS, 0, 2", "OMP_NUM_THREADS, '3,2', 2",
        "OMP_NESTED, true, 2", "OMP_PROC_BIND, close, 3", "OMP_PLACES, {0}, 2", "GOMP_CPU_AFFINITY, 0, 2", "OMP_WAIT_POLICY, passive, 2",
    })
    void imageIsTheSameWhateverTheEnvironmentSaysOfThreads(String variable, String value, int threads) {
        assertEquals(checksum, paint(Map.of(variable, value), List.of(), threads).checksum());
    }

    @Test
    void threadsThatALimitTakesAwayAreTold() {
        var output = paint(Map.of("OMP_THREAD_LIMIT", "2"), List.of(), 5);
        assertTrue(output.lines.getFirst().endsWith("2 threads (5 asked; a limit leaves no more)"), output.lines.toString());
    }

    @Test
    void imageIsTheSameWhereOnlyOneProcessorMayBeUsed() {
        assertEquals(checksum, paint(Map.of(), List.of("taskset", "-c", "0"), 2).checksum());
    }

    /** libgomp ends the process if it cannot start a thread. The limit counts a user's threads, so a user that has none is needed, and must read the jars. */
    @Test
    void fewerThreadsAreUsedIfTheSystemStartsNoMore(@TempDir Path home) throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "only root can become a user without other threads");
        Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxrwxrwx"));
        var readable = new ArrayList<String>();
        for (var entry : classPath().split(File.pathSeparator)) {
            var path = Path.of(entry);
            readable.add(Files.isRegularFile(path) ? Files.copy(path, home.resolve(readable.size() + ".jar")).toString() : entry);
        }
        var launcher = List.of("setpriv", "--reuid=77777", "--regid=77777", "--clear-groups", "prlimit", "--nproc=60");
        var output = paint(Map.of("HOME", home.toString(), "XDG_CACHE_HOME", home.resolve("cache").toString()), launcher, 200, String.join(File.pathSeparator, readable));
        assertEquals(checksum, output.checksum());
        assertTrue(output.lines.getFirst().endsWith("(200 asked; a limit leaves no more)"), output.lines.toString());
    }

    /** libgomp would want a gigabyte of stack for each thread, for which the address space has no room. */
    @Test
    void stacksThatTheEnvironmentWantsDoNotEndTheProcess() {
        var limited = List.of("prlimit", "--as=" + (12L << 30));
        assertEquals(checksum, paint(Map.of("OMP_STACKSIZE", "1G"), limited, 32).checksum());
    }

    /** A processor without AVX: oneDNN's kernels for it read a convolution's bias with instructions that fault where it is not aligned. */
    @ParameterizedTest
    @CsvSource({"SSE41, x86-64", "AVX, x86-64", "AVX2, x86-64-v3"})
    void imageIsPaintedWithLesserInstructionSets(String oneDnn, String ours) {
        assumeTrue("amd64".equals(System.getProperty("os.arch")), "instruction sets of x86-64");
        paint(Map.of("ONEDNN_MAX_CPU_ISA", oneDnn, "MASKLEAP_ISA", ours), List.of(), 2).checksum();
    }
}
