package io.maskleap.cli;

import io.maskleap.error.MaskleapException;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** How failures are told: a sentence on stderr, and an exit status. */
final class Failures implements IExecutionExceptionHandler, IParameterExceptionHandler {
    private final MaskleapCommand root;
    private final PrintWriter err;

    Failures(MaskleapCommand root, PrintWriter err) {
        this.root = root;
        this.err = err;
    }

    @Override
    public int handleParseException(ParameterException e, String[] args) {
        var command = e.getCommandLine();
        err.println("maskleap: " + e.getMessage().replaceFirst("^Error: ", "")); // so begin some of picocli's own
        if (!UnmatchedArgumentException.printSuggestions(e, err)) {
            err.println("'" + command.getCommandSpec().qualifiedName() + " --help' shows what there is");
        }
        printStackTrace(e);
        return ExitCode.USAGE;
    }

    @Override
    public int handleExecutionException(Exception e, CommandLine command, ParseResult parsed) {
        return report(e);
    }

    /** Tells of a failure while a command ran. */
    int report(Throwable failure) {
        err.println("maskleap: " + sentence(failure));
        printStackTrace(failure);
        return ExitCode.SOFTWARE;
    }

    private static String sentence(Throwable failure) {
        return switch (failure) {
            case MaskleapException e -> e.getMessage();
            case OutOfMemoryError e -> "out of memory (" + e.getMessage() + "); ask for less at once, or raise the heap's limit with JDK_JAVA_OPTIONS=-Xmx8g";
            default -> "internal error: " + failure + "; --stacktrace shows where, please report it";
        };
    }

    private void printStackTrace(Throwable failure) {
        if (root.stacktrace) {
            failure.printStackTrace(err);
        }
    }
}
