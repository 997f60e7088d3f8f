package io.maskleap.device.cuda;

import java.nio.file.Path;
import java.util.Optional;

/**
 * One of the libraries that CUDA needs.
 *
 * @param soname  its name
 * @param file    where it was found; empty: nowhere
 * @param version what it says of its version; empty where it was not asked or does not tell
 */
public record FoundLibrary(String soname, Optional<Path> file, Optional<Version> version) {
}
