package io.maskleap.benchmarks.run;

import io.maskleap.benchmarks.report.Plot;
import io.maskleap.benchmarks.report.Report;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code bench plot}: a report as an image. */
@Command(name = "plot", description = "Draws a report: how often our time fits into libtorch's.")
final class PlotCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "FILE.json", description = "What 'bench run --json' wrote.")
    private Path report;

    @Parameters(index = "1", paramLabel = "FILE.svg", description = "The image.")
    private Path image;

    @Override
    public Integer call() throws IOException {
        Files.writeString(image, Plot.svg(Report.read(report)));
        return 0;
    }
}
