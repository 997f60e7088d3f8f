package io.maskleap.benchmarks.run;

import io.maskleap.benchmarks.report.Document;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code bench tables}: makes the tables of texts anew. */
@Command(name = "tables", description = "Makes the tables in Markdown files anew, each from the report that the comment before it names.")
final class TablesCommand implements Callable<Integer> {
    @Parameters(arity = "1..*", paramLabel = "FILE.md", description = "Files with tables between <!-- bench REPORT.json: TEXT | TEXT --> and <!-- /bench -->.")
    private List<Path> files;

    @Override
    public Integer call() throws IOException {
        for (var file : files) {
            Files.writeString(file, Document.updated(Files.readString(file), file.toAbsolutePath().getParent()));
        }
        return 0;
    }
}
