package io.maskleap.device.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.maskleap.device.NativeBundle;
import io.maskleap.kernel.NativeAccess;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.nio.file.Path;

/** The OpenMP library that oneDNN and our kernels share. */
final class OpenMp {
    /**
     * How often a thread that waits for its team looks before it sleeps. libgomp's default spins for milliseconds: where
     * another program wants a core too, the team then waits for a thread that does not run, and an image took 5 to 10 times as long.
     */
    private static final String SPIN_COUNT = "1000";
    private static final String SPIN_VARIABLE = "GOMP_SPINCOUNT";

    /**
     * The stack of each of the team's threads, whatever the environment says: {@code leap_set_threads} tries threads with as much. libgomp ends the
     * process if it cannot start a thread, so it must not want more memory for one than those had.
     */
    private static final String STACK_SIZE = "2M";
    private static final String STACK_VARIABLE = "OMP_STACKSIZE";

    private OpenMp() {
    }

    /**
     * Loads it, for the life of the process: its threads must not lose their code. What the user's environment says of waiting counts; what it says of
     * stacks does not.
     */
    static void load() {
        setEnvironment(STACK_VARIABLE, STACK_SIZE);
        if (System.getenv(SPIN_VARIABLE) == null && System.getenv("OMP_WAIT_POLICY") == null) {
            setEnvironment(SPIN_VARIABLE, SPIN_COUNT);
        }
        NativeAccess.load(NativeBundle.oneDnn("libgomp.so.1"), Arena.global());
    }

    /** Sets a variable for libraries that are loaded later; Java's own view of the environment stays as it is. */
    private static void setEnvironment(String name, String value) {
        var setenv = NativeAccess.function(Linker.nativeLinker().defaultLookup(), Path.of("libc"), "setenv",
                FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
        try (var arena = Arena.ofConfined()) {
            int status = (int) setenv.invokeExact(arena.allocateFrom(name), arena.allocateFrom(value), 1);
            assert status == 0 : "setenv of " + name + " failed";
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }
}
