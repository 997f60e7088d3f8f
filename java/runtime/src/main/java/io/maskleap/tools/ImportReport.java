package io.maskleap.tools;

import java.nio.file.Path;
import java.util.List;

/**
 * What an import made, and how it came to know what it wrote: a sentence each, for people.
 *
 * @param folder  the new model folder
 * @param derived what the tensors' shapes said
 * @param assumed what no file said: options or their defaults, and tensors that were left out
 */
public record ImportReport(Path folder, List<String> derived, List<String> assumed) {

    public ImportReport {
        derived = List.copyOf(derived);
        assumed = List.copyOf(assumed);
    }
}
