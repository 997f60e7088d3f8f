package io.maskleap.cli;

import io.maskleap.tools.VerifyReport;
import java.nio.file.Path;
import java.util.List;

/** What {@code verify --json} tells: the report, and what passed. */
record VerifyResult(Path folder, String device, boolean passed, List<Tensor> tensors, List<Run> runs) {

    record Tensor(String name, double maxAbsolute, double maxRelative, double tolerance, boolean relative, boolean passed) {
        private static Tensor of(VerifyReport.TensorCheck check) {
            return new Tensor(check.name(), check.maxAbsolute(), check.maxRelative(), check.tolerance(), check.relative(), check.passed());
        }
    }

    record Run(String name, int steps, int tokenMismatches, int firstMismatchStep, boolean passed, List<Tensor> tensors) {
        private static Run of(VerifyReport.RunCheck check) {
            return new Run(check.name(), check.steps(), check.tokenMismatches(), check.firstMismatchStep(), check.passed(),
                    check.tensors().stream().map(Tensor::of).toList());
        }
    }

    static VerifyResult of(VerifyReport report) {
        return new VerifyResult(report.folder(), report.device(), report.passed(), report.tensors().stream().map(Tensor::of).toList(),
                report.runs().stream().map(Run::of).toList());
    }
}
