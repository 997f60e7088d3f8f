package io.maskleap.benchmarks.run;

import io.maskleap.benchmarks.row.Rows;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code bench list}: the rows. */
@Command(name = "list", description = "Shows the names of all rows.")
final class ListCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        var out = spec.commandLine().getOut();
        Rows.all().forEach(row -> out.println(row.name()));
        out.flush();
    }
}
