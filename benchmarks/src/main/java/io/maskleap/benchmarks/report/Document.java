package io.maskleap.benchmarks.report;

import io.maskleap.error.MaskleapException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A text in Markdown with tables that are made from reports. Such a table stands between two comments, the first of which names the report,
 * by a path from the text's folder, and which of its rows are wanted:
 *
 * <pre>
 * &lt;!-- bench results/2026-12-01-cpu.json: attention | sampler --&gt;
 * &lt;!-- /bench --&gt;
 * </pre>
 */
public final class Document {
    private static final Pattern TABLE = Pattern.compile("^(<!-- bench ([^\\s:]+)(?::([^>]*))? -->\n).*?^(<!-- /bench -->)", Pattern.DOTALL | Pattern.MULTILINE);

    private Document() {
    }

    /**
     * The text with its tables as the reports give them now.
     *
     * @param folder of the text
     * @throws MaskleapException where there is no such report
     */
    public static String updated(String text, Path folder) {
        return TABLE.matcher(text).replaceAll(match -> Matcher.quoteReplacement(match.group(1) + table(match, folder) + match.group(4)));
    }

    private static String table(MatchResult match, Path folder) {
        var file = folder.resolve(match.group(2));
        if (!Files.isRegularFile(file)) {
            throw new MaskleapException(file + ": no such report; 'bench run --json' writes one");
        }
        List<String> texts = match.group(3) == null ? List.of() : Arrays.stream(match.group(3).split("\\|")).map(String::strip).toList();
        return MarkdownTable.of(Report.read(file), texts, match.group(2));
    }
}
