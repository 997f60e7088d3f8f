package io.maskleap.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The command without a subcommand: the options that all of them take. */
@Command(name = "maskleap",
        description = "Masked image generation with MIGM-Shortcut.",
        synopsisSubcommandLabel = "COMMAND",
        versionProvider = VersionCommand.class,
        subcommands = {GenerateCommand.class, ImportCommand.class, InfoCommand.class, VerifyCommand.class, DevicesCommand.class, VersionCommand.class},
        footer = {"", "Examples:",
            "  maskleap generate star",
            "  maskleap generate --all-classes --count 5 --grid",
            "  maskleap generate --help"})
final class MaskleapCommand {
    static final String STACKTRACE_VARIABLE = "MASKLEAP_STACKTRACE";

    @Option(names = {"-h", "--help"}, usageHelp = true, scope = ScopeType.INHERIT, description = "Show this help.")
    boolean help;

    @Option(names = "--version", versionHelp = true, description = "Show the version.")
    boolean version;

    @Option(names = "--stacktrace", hidden = true, scope = ScopeType.INHERIT)
    boolean stacktrace = System.getenv(STACKTRACE_VARIABLE) != null;
}
