package io.maskleap.cli;

import io.maskleap.Precision;
import io.maskleap.error.MaskleapException;
import io.maskleap.error.Reason;
import io.maskleap.tools.MaskGitImport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(name = "maskgit", sortOptions = false,
        description = {"Make a model folder of a MaskGIT, its VQGAN and its shortcut.", "",
            "What the tensors' shapes tell is derived. What they do not tell are options; their defaults are the published model's, and "
                    + "what was assumed is shown. Settings given here become the model's defaults.", ""},
        footer = {"", "Example:",
            "  maskleap import maskgit --base base.pth --vqgan last.ckpt --vqgan-config model.yaml --shortcut shortcut.pth --out my-model"})
final class ImportMaskGitCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Option(names = "--base", required = true, paramLabel = "FILE", description = "Checkpoint of the base network.")
    private Path base;

    @Option(names = "--vqgan", required = true, paramLabel = "FILE", description = "Checkpoint of the VQGAN.")
    private Path vqgan;

    @Option(names = "--vqgan-config", required = true, paramLabel = "FILE", description = "The VQGAN's YAML file.")
    private Path vqganConfig;

    @Option(names = "--shortcut", paramLabel = "FILE", description = "Checkpoint of the shortcut. Without it the model takes full steps only.")
    private Optional<Path> shortcut = Optional.empty();

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "The folder to make.")
    private Path out;

    @Option(names = "--name", paramLabel = "NAME", description = "The model's name. Default: the folder's.")
    private String name;

    @Option(names = "--heads", paramLabel = "N", converter = PositiveInteger.class, description = "Attention heads of the base network. Default: 16.")
    private int heads = MaskGitImport.DEFAULT_HEADS;

    @Option(names = "--shortcut-heads", paramLabel = "N", converter = PositiveInteger.class, description = "Attention heads of the shortcut. Default: 16.")
    private int shortcutHeads = MaskGitImport.DEFAULT_SHORTCUT_HEADS;

    @Option(names = "--dtype", paramLabel = "DTYPE", converter = PrecisionConverter.class,
            description = "f32, or bf16: what products multiply is stored in half the bytes, and multiplied so. Default: f32.")
    private Precision precision = Precision.FLOAT32;

    @ArgGroup(exclusive = true)
    private Classes classes = new Classes();

    private static final class Classes {
        @Option(names = "--class-names", paramLabel = "NAME", split = ",", description = "The classes' names, in order. Default: numbers only.")
        private List<String> names = List.of();

        @Option(names = "--class-names-file", paramLabel = "FILE", description = "A file with a class's name on each line.")
        private Path file;

        private List<String> read() {
            try {
                return file == null ? names : Files.readAllLines(file).stream().map(String::strip).filter(line -> !line.isEmpty()).toList();
            } catch (IOException e) {
                throw new MaskleapException(file + ": cannot be read: " + Reason.of(e), e);
            }
        }
    }

    @Mixin
    private SettingsOptions settings;

    @Override
    public void run() {
        var modelName = name != null ? name : String.valueOf(out.toAbsolutePath().normalize().getFileName());
        var report = new MaskGitImport(base, vqgan, vqganConfig, shortcut, out, modelName, heads, shortcutHeads, classes.read(), precision,
                settings.on(MaskGitImport.DEFAULT_SETTINGS)).run();
        var console = spec.commandLine().getOut();
        report.derived().forEach(sentence -> console.println("derived: " + sentence));
        report.assumed().forEach(sentence -> console.println("assumed: " + sentence));
        console.println(report.folder());
    }
}
