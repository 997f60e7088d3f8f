package io.maskleap.cli;

import io.maskleap.tools.FixtureVerifier;
import io.maskleap.tools.VerifyReport;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "verify", description = {"Compare with what the reference implementation recorded in a fixture folder.", "",
            "Runs the networks and every recorded run, and shows the largest error of each tensor and each run's token mismatches. "
                    + "The exit status is 1 where something is beyond its tolerance. In bf16 a drawn token may differ: each step is then "
                    + "given the recorded tokens, and the mismatches of a run of its own are shown without failing."},
        footer = {"", "Examples:", "  maskleap verify fixtures/maskgit-tiny --json", "  maskleap verify fixtures/demo --model models/demo"})
final class VerifyCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "DIR", description = "A folder with fixture.json.")
    private Path folder;

    @Option(names = "--model", paramLabel = "DIR",
            description = "Run only the recorded runs, on this model in place of the fixture's own checkpoints.")
    private Path modelFolder;

    @Mixin
    private DeviceOptions device;

    @Option(names = "--json", description = "Show the result as JSON, and nothing else.")
    private boolean json;

    @Override
    public Integer call() {
        var verifier = new FixtureVerifier(folder, device.device(), device.precisionOrFloat32());
        Consumer<String> progress = json ? _ -> { } : spec.commandLine().getErr()::println;
        var report = modelFolder == null ? verifier.run(progress) : verifier.runOn(modelFolder, progress);
        var out = spec.commandLine().getOut();
        if (json) {
            JsonOutput.print(out, VerifyResult.of(report));
        } else {
            print(out, report);
        }
        return report.passed() ? ExitCode.OK : ExitCode.SOFTWARE;
    }

    private static void print(PrintWriter out, VerifyReport report) {
        var tensors = new Table("tensor", "max absolute", "max relative", "tolerance", "result");
        addTensors(tensors, "", report.tensors());
        report.runs().forEach(run -> addTensors(tensors, run.name() + ".", run.tensors()));
        tensors.print(out);
        out.println();
        var runs = new Table("run", "steps", "token mismatches", "first at step", "result");
        for (var run : report.runs()) {
            runs.row(run.name(), run.steps(), run.tokenMismatches(), run.firstMismatchStep() < 0 ? "-" : run.firstMismatchStep(), result(run.passed()));
        }
        runs.print(out);
        out.println();
        out.println(report.folder() + " on " + report.device() + ": " + result(report.passed()));
    }

    private static void addTensors(Table table, String prefix, List<VerifyReport.TensorCheck> checks) {
        for (var check : checks) {
            table.row(prefix + check.name(), scientific(check.maxAbsolute()), scientific(check.maxRelative()),
                    scientific(check.tolerance()) + (check.relative() ? " relative" : ""),
                    result(check.passed()));
        }
    }

    private static String scientific(double value) {
        return String.format(Locale.ROOT, "%.1e", value);
    }

    private static String result(boolean passed) {
        return passed ? "passed" : "FAILED";
    }
}
