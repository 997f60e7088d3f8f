package io.maskleap.cli;

import java.io.PrintWriter;
import picocli.CommandLine;

/** The program {@code maskleap}. */
public final class Main {
    private static final int HELP_WIDTH = 100;

    private Main() {
    }

    public static void main(String[] args) {
        System.exit(run(new PrintWriter(System.out, true), new PrintWriter(System.err, true), args));
    }

    /**
     * Runs a command line.
     *
     * @return the exit status: 0 done, 1 failed, 2 not understood
     */
    static int run(PrintWriter out, PrintWriter err, String... args) {
        var root = new MaskleapCommand();
        var failures = new Failures(root, err);
        var commandLine = new CommandLine(root)
                .setOut(out)
                .setErr(err)
                .setUsageHelpWidth(HELP_WIDTH)
                .setExecutionExceptionHandler(failures)
                .setParameterExceptionHandler(failures);
        try {
            return commandLine.execute(args);
        } catch (Error e) {
            return failures.report(e);
        }
    }
}
