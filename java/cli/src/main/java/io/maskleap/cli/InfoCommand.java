package io.maskleap.cli;

import io.maskleap.tools.FileInspector;
import io.maskleap.tools.FileReport;
import io.maskleap.tools.FileReport.NetworkReport;
import java.io.PrintWriter;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "info", description = "Show what is in a model folder, a safetensors file or a PyTorch checkpoint.",
        footer = {"", "Example:", "  maskleap info base.pth --tensors"})
final class InfoCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "PATH", description = "The folder or file.")
    private Path path;

    @Option(names = "--tensors", description = "Show every tensor.")
    private boolean tensors;

    @Option(names = "--json", description = "Show everything as JSON.")
    private boolean json;

    @Override
    public void run() {
        var report = FileInspector.inspect(path);
        var out = spec.commandLine().getOut();
        if (json) {
            JsonOutput.print(out, report);
            return;
        }
        out.println(report.path() + ": " + report.kind());
        printNetworks(out, report);
        if (tensors) {
            report.networks().forEach(network -> printTensors(out, network));
        }
    }

    private static void printNetworks(PrintWriter out, FileReport report) {
        var table = new Table("network", "tensors", "parameters", "size", "summary");
        for (var network : report.networks()) {
            table.row(network.name(), network.tensors().size(), Amounts.count(network.parameters()), Amounts.bytes(network.bytes()), network.summary());
        }
        table.print(out);
    }

    private static void printTensors(PrintWriter out, NetworkReport network) {
        out.println();
        out.println(network.name());
        var table = new Table("tensor", "dtype", "shape", "size");
        for (var tensor : network.tensors()) {
            table.row(tensor.name(), tensor.dtype(), tensor.shape(), Amounts.bytes(tensor.bytes()));
        }
        table.print(out);
    }
}
