package io.maskleap.benchmarks.run;

import io.maskleap.error.MaskleapException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;

/** The program {@code benchmarks/bench}. */
@Command(name = "bench", description = "Measures Maskleap on this machine, with libtorch beside it.", synopsisSubcommandLabel = "COMMAND",
        subcommands = {RunCommand.class, ListCommand.class, PlotCommand.class, TablesCommand.class})
public final class Main {
    private static final int HELP_WIDTH = 100;

    @Option(names = {"-h", "--help"}, usageHelp = true, scope = ScopeType.INHERIT, description = "Show this help.")
    private boolean help;

    private Main() {
    }

    /** Runs a command line; the exit status is 0, 1 where something failed, 2 where the command line is wrong. */
    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Main()).setUsageHelpWidth(HELP_WIDTH)
                .setParameterExceptionHandler((e, _) -> fail(e.getCommandLine(), e, e.getCommandLine().getCommandSpec().exitCodeOnInvalidInput()))
                .setExecutionExceptionHandler((e, command, _) -> {
                    if (e instanceof MaskleapException || e instanceof IllegalArgumentException) {
                        return fail(command, e, e instanceof ParameterException ? 2 : 1);
                    }
                    throw e;
                });
    }

    private static int fail(CommandLine command, Exception e, int status) {
        command.getErr().println("bench: " + e.getMessage());
        return status;
    }
}
