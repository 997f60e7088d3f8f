package io.maskleap.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.error.MaskleapException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelLibraryTest {
    /** The functions that opening asks for, as the real library answers them. */
    private static final String ANSWERS = """
            #include <stdint.h>
            const char* leap_last_error(void) { return "something is missing"; }
            int32_t leap_is_supported(void) { return %d; }
            int32_t leap_abi_version(void) { return %d; }
            int64_t leap_struct_bytes(int32_t which) {
                static const int64_t bytes[] = {136, 72, 104, 96, 40, 136, %d, 56, 96};
                return which >= 0 && which < 9 ? bytes[which] : -1;
            }
            """;

    private static final int SELECT_BYTES = 120;

    @TempDir
    Path folder;

    @Test
    void opensSaysWhatItIsAndUnloads() {
        try (var library = KernelLibrary.open(TestLibrary.path())) {
            assertFalse(library.info().isBlank());
            assertEquals(TestLibrary.path(), library.path());
        }
    }

    @Test
    void namesAMissingFile() {
        var path = folder.resolve("libnone.so");
        assertRefused("native library " + path + ": no such file; build it with build-native.sh", path);
    }

    @Test
    void namesAFolder() {
        assertRefused("native library " + folder + ": no such file; build it with build-native.sh", folder);
    }

    @Test
    void refusesAFileThatIsNoLibrary() throws IOException {
        for (var content : new String[] {"", "this is no library\n"}) {
            var path = Files.writeString(folder.resolve("libtext.so"), content);
            assertRefused("native library " + path + ": cannot be loaded (not a library of this platform, or one that it needs is missing)", path);
        }
    }

    @Test
    void refusesALibraryOfSomethingElse() throws Exception {
        var path = compile("int something_else(void) { return 1; }");
        assertRefused("native library " + path + ": has no function leap_last_error; rebuild it against this version's header", path);
    }

    @Test
    void refusesAnotherAbiVersion() throws Exception {
        var path = compile(ANSWERS.formatted(1, 999, SELECT_BYTES));
        assertRefused("native library " + path + ": ABI version 999, wanted " + KernelLibrary.ABI_VERSION + "; rebuild it against this version's native/include/maskleap.h", path);
    }

    @Test
    void refusesAParameterStructOfAnotherSize() throws Exception {
        var path = compile(ANSWERS.formatted(1, KernelLibrary.ABI_VERSION, SELECT_BYTES + 8));
        assertRefused("native library " + path + ": leap_select has 128 bytes, wanted 120; rebuild it against this version's native/include/maskleap.h", path);
    }

    @Test
    void refusesALibraryForAnotherMachine() throws Exception {
        var path = compile(ANSWERS.formatted(0, KernelLibrary.ABI_VERSION, SELECT_BYTES));
        assertRefused("native library " + path + ": something is missing", path);
        assertTrue(KernelLibrary.openIfSupported(path).isEmpty());
    }

    /** Its version and structs are right, so it opens; the first kernel that it lacks is named. */
    @Test
    void namesAKernelThatTheLibraryLacks() throws Exception {
        var path = compile(ANSWERS.formatted(1, KernelLibrary.ABI_VERSION, SELECT_BYTES));
        try (var library = KernelLibrary.open(path)) {
            var message = assertThrows(MaskleapException.class, () -> new Kernels(library, MemorySegment.NULL)).getMessage();
            assertEquals("native library " + path + ": has no function leap_set_threads; rebuild it against this version's header", message);
        }
    }

    @Test
    void everyThreadHasItsOwnLastError() throws InterruptedException {
        refuseThreads(0);
        var other = new String[1];
        var thread = new Thread(() -> other[0] = TestLibrary.lastError());
        thread.start();
        thread.join();
        assertEquals("", other[0]);
    }

    @Test
    void refusesNoThreads() {
        refuseThreads(0);
        refuseThreads(-3);
    }

    private static void refuseThreads(int threads) {
        try (var memory = new Memory()) {
            Refusal.assertRefused(Refusal.BAD_ARGUMENT, memory, () -> TestLibrary.kernels().setThreads(threads), "threads", Integer.toString(threads));
        }
    }

    private static void assertRefused(String sentence, Path path) {
        assertEquals(sentence, assertThrows(MaskleapException.class, () -> KernelLibrary.open(path)).getMessage());
    }

    /** A small shared library; the build needs a compiler anyway. */
    private Path compile(String source) throws IOException, InterruptedException {
        var compiler = System.getenv().getOrDefault("CXX", "g++");
        var file = Files.writeString(folder.resolve("small.c"), source);
        var library = folder.resolve("libsmall.so");
        var process = new ProcessBuilder(compiler, "-x", "c", "-shared", "-fPIC", "-o", library.toString(), file.toString()).redirectErrorStream(true).start();
        var output = new String(process.getInputStream().readAllBytes());
        assertEquals(0, process.waitFor(), () -> compiler + ": " + output);
        return library;
    }
}
