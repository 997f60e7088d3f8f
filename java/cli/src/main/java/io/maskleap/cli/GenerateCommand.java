package io.maskleap.cli;

import io.maskleap.GenerationSettings;
import io.maskleap.Model;
import io.maskleap.Request;
import io.maskleap.cli.GenerationReport.PaintedImage;
import io.maskleap.demo.DemoModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "generate", sortOptions = false,
        description = {"Generate images of classes.", "",
            "The files' names go to standard output, the rest to standard error. A PNG's text says how to make the image again: with the same "
                    + "model, class, seed and settings it comes out the same, alone or among others.", ""},
        footer = {"", "Settings that are not given are the model's.", "", "Examples:",
            "  maskleap generate star                                    star-SEED.png",
            "  maskleap generate star heart --count 3 --out shapes       six images in the folder shapes",
            "  maskleap generate --all-classes --count 5 --grid          a sheet, a row for each class",
            "  maskleap generate star --seed 7 --film --out forming.png  how a star forms, step by step",
            "  maskleap generate 3 --steps 8 --budget full --json        for programs"})
final class GenerateCommand implements Runnable {
    /** Seeds that we choose are short, to be typed again. */
    private static final int SEED_BOUND = 1_000_000;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "CLASS", arity = "0..*", description = "Classes, by name or number.")
    private List<String> classes = List.of();

    @Option(names = "--all-classes", description = "All classes of the model.")
    private boolean allClasses;

    @Option(names = "--model", paramLabel = "DIR", description = "Model folder. Default: the embedded demo, ten shapes.")
    private Path modelFolder;

    @Option(names = "--count", paramLabel = "N", converter = PositiveInteger.class, description = "Images of each class. Default: 1.")
    private int count = 1;

    @Option(names = "--seed", paramLabel = "S", description = "The first image's seed; the others count up from it. Default: one by chance, which is shown.")
    private long seed = ThreadLocalRandom.current().nextInt(SEED_BOUND);

    @Mixin
    private OutputOptions output;

    @Mixin
    private SettingsOptions settings;

    @Mixin
    private DeviceOptions device;

    @Option(names = "--json", description = "Show the result as JSON, and nothing else.")
    private boolean json;

    @Option(names = "--quiet", description = "Show nothing but the files' names.")
    private boolean quiet;

    @Override
    public void run() {
        if (allClasses && !classes.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "give classes or --all-classes, not both");
        }
        var destination = output.destination();
        long start = System.nanoTime();
        try (var model = device.open(modelFolder != null ? modelFolder : DemoModel.folder())) {
            long openMilliseconds = millisecondsSince(start);
            var labels = allClasses ? ClassNames.all(model.info()) : ClassNames.labels(model.info(), classes);
            show(generate(model, labels, output.output(destination, model.info(), labels, count, seed), openMilliseconds));
        }
    }

    private GenerationReport generate(Model model, int[] labels, Output output, long openMilliseconds) {
        long start = System.nanoTime();
        var made = new ArrayList<PaintedImage>();
        GenerationSettings resolved = null;
        try (var session = model.newSession();
                var interruption = new Interruption(session::cancel);
                var progress = progress((long) labels.length * count)) {
            for (int label : labels) {
                for (int k = 0; k < count; k++) {
                    interruption.endIfAsked();
                    long imageStart = System.nanoTime();
                    var request = settings.on(Request.ofClass(label).seed(seed + made.size()));
                    var image = session.generate(request, step -> {
                        interruption.endIfAsked();
                        output.step(step);
                        progress.step(step);
                    }).getFirst();
                    long milliseconds = millisecondsSince(imageStart);
                    made.add(new PaintedImage(image.className(), label, image.seed(), output.add(image), milliseconds));
                    progress.image(image, milliseconds);
                    resolved = image.settings();
                }
            }
            output.finish();
        }
        return new GenerationReport(model.info().name(), model.deviceDescription(), resolved, made, output.files(), openMilliseconds, millisecondsSince(start));
    }

    private Progress progress(long images) {
        return json || quiet ? Progress.NONE : Progress.of(images, spec.commandLine().getErr());
    }

    private void show(GenerationReport report) {
        var out = spec.commandLine().getOut();
        if (json) {
            JsonOutput.print(out, report);
            return;
        }
        report.files().forEach(out::println);
        if (!quiet) {
            var err = spec.commandLine().getErr();
            err.println(report.summary());
            output.legend().ifPresent(err::println);
        }
    }

    private static long millisecondsSince(long start) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    }
}
