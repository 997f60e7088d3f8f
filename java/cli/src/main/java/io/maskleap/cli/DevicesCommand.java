package io.maskleap.cli;

import io.maskleap.DeviceReport;
import io.maskleap.DeviceReport.Cuda;
import io.maskleap.Maskleap;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(name = "devices", description = "Show what there is to compute with: the CPU, and CUDA's GPUs and libraries or why it cannot be used.")
final class DevicesCommand implements Runnable {
    private static final String NONE = "-";

    @Spec
    private CommandSpec spec;

    @Option(names = "--json", description = "Show everything as JSON.")
    private boolean json;

    @Override
    public void run() {
        var out = spec.commandLine().getOut();
        var report = Maskleap.devices();
        if (json) {
            JsonOutput.print(out, report);
        } else {
            print(out, report);
        }
    }

    static void print(PrintWriter out, DeviceReport report) {
        var cpu = report.cpu();
        Paragraph.print(out, "CPU   ", (cpu.usable() ? "can be used: " : "cannot be used: ") + cpu.description());
        Paragraph.print(out, "CUDA  ", report.cuda().reason().map(reason -> "cannot be used: " + reason).orElse("can be used"));
        printGpus(out, report.cuda());
        printLibraries(out, report.cuda());
        printPlaces(out, report.cuda());
    }

    private static void printGpus(PrintWriter out, Cuda cuda) {
        if (cuda.gpus().isEmpty()) {
            return;
        }
        out.println();
        var table = new Table("GPU", "name", "compute capability", "memory");
        for (var gpu : cuda.gpus()) {
            table.row(gpu.index(), gpu.name(), gpu.computeCapability() + (gpu.usable() ? "" : " (too low)"), Amounts.bytes(gpu.memoryBytes()));
        }
        table.print(out);
    }

    private static void printLibraries(PrintWriter out, Cuda cuda) {
        if (cuda.libraries().isEmpty()) {
            return;
        }
        out.println();
        var table = new Table("library", "version", "file");
        for (var library : cuda.libraries()) {
            table.row(library.name(), library.version().orElse(NONE), library.file().map(Object::toString).orElse("not found"));
        }
        table.print(out);
    }

    private static void printPlaces(PrintWriter out, Cuda cuda) {
        if (cuda.places().isEmpty()) {
            return;
        }
        out.println();
        var table = new Table("found", "looked for CUDA's libraries in");
        for (var place : cuda.places()) {
            table.row(place.found().isEmpty() ? NONE : String.join(", ", place.found()), place.name());
        }
        table.print(out);
    }
}
