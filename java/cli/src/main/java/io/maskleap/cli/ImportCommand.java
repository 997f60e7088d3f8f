package io.maskleap.cli;

import picocli.CommandLine.Command;

@Command(name = "import", synopsisSubcommandLabel = "ARCHITECTURE", subcommands = ImportMaskGitCommand.class,
        description = "Make a model folder of published checkpoints.",
        footer = {"", "'maskleap import maskgit --help' shows what it takes."})
final class ImportCommand {
}
