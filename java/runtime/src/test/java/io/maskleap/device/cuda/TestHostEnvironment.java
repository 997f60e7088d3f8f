package io.maskleap.device.cuda;

import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** A system below a folder: nothing is set, and the program has all that it should but kernels. */
final class TestHostEnvironment {
    final Path root;
    final Path home;
    final Map<String, String> environment = new HashMap<>();
    final Map<String, String> properties = new HashMap<>();
    final Set<String> missingResources = new HashSet<>();
    String platform = "Linux amd64";

    TestHostEnvironment(Path folder) {
        root = folder.resolve("root");
        home = folder.resolve("home");
    }

    HostEnvironment get() {
        return new HostEnvironment(platform, root, home, environment, properties::get, this::resource);
    }

    private URL resource(String name) {
        try {
            return missingResources.contains(name) || !name.startsWith("org/bytedeco/") ? null : URI.create("file:///jars/" + name).toURL();
        } catch (MalformedURLException e) {
            throw new AssertionError(e);
        }
    }
}
