package io.maskleap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.constantpool.Utf8Entry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The architecture section of README, held by the names in the class files: a room knows only rooms on lower floors, and only an architecture's folder names it. */
class RoomsTest {
    private static final String ROOT = "io.maskleap";

    /** From the ground up. Rooms of one floor do not know each other. */
    private static final List<Set<String>> FLOORS = List.of(Set.of("error"), Set.of("weights", "cache"), Set.of("kernel"), Set.of("device"),
            Set.of("device.cpu", "device.cuda"), Set.of("sampling"), Set.of("network"), Set.of("architecture"), Set.of("generation"), Set.of(""), Set.of("tools"));

    /** The import of MaskGIT's checkpoints still stands among the tools, and the verifier of its fixtures with it. */
    private static final Set<String> STILL_NAMING_AN_ARCHITECTURE = Set.of("tools.MaskGitImport", "tools.MaskGitNetworks");

    /** A class of ours, as constants and descriptors have it. */
    private static final Pattern NAME = Pattern.compile("io/maskleap/[\\w/$]+");

    private record Dependency(String from, String to) {
        @Override
        public String toString() {
            return from + " -> " + to;
        }
    }

    private static List<Dependency> dependencies;

    @BeforeAll
    static void readClasses() throws IOException {
        dependencies = new ArrayList<>();
        var classes = Path.of("target", "classes");
        try (var files = Files.walk(classes)) {
            for (var file : files.filter(path -> path.toString().endsWith(".class") && !path.endsWith("module-info.class")).toList()) {
                var from = classes.relativize(file).toString().replaceFirst("\\.class$", "").replace('/', '.');
                for (var entry : ClassFile.of().parse(file).constantPool()) {
                    if (entry instanceof Utf8Entry name) {
                        NAME.matcher(name.stringValue()).results().map(found -> found.group().replace('/', '.'))
                                .filter(to -> Files.exists(classes.resolve(to.replace('.', '/') + ".class"))).forEach(to -> dependencies.add(new Dependency(from, to)));
                    }
                }
            }
        }
        assertFalse(dependencies.isEmpty(), "no classes in " + classes.toAbsolutePath());
    }

    /** The room of a class: its package below the root; the packages below architecture are in its room. */
    private static String room(String className) {
        var packageName = className.substring(0, className.lastIndexOf('.'));
        var room = packageName.equals(ROOT) ? "" : packageName.substring(ROOT.length() + 1);
        return room.startsWith("architecture") ? "architecture" : room;
    }

    private static int floor(String className) {
        for (int floor = 0; floor < FLOORS.size(); floor++) {
            if (FLOORS.get(floor).contains(room(className))) {
                return floor;
            }
        }
        throw new AssertionError(className + " is in no room");
    }

    @Test
    void roomsKnowOnlyLowerFloors() {
        var wrong = dependencies.stream().filter(d -> !room(d.from).equals(room(d.to)) && floor(d.from) <= floor(d.to)).map(Dependency::toString).toList();
        assertEquals(List.of(), wrong);
    }

    @Test
    void onlyAnArchitecturesFolderNamesIt() {
        var naming = new TreeSet<String>();
        for (var d : dependencies) {
            if (d.to.startsWith(ROOT + ".architecture.") && !room(d.from).equals("architecture") && d.to.lastIndexOf('.') > (ROOT + ".architecture").length()) {
                naming.add(d.from.substring(ROOT.length() + 1).replaceFirst("\\$.*", ""));
            }
            if (d.from.matches("io\\.maskleap\\.architecture\\.[A-Z].*") && d.to.matches("io\\.maskleap\\.architecture\\.[a-z].*")) {
                naming.add(d.from.substring(ROOT.length() + 1).replaceFirst("\\$.*", ""));
            }
        }
        naming.removeAll(STILL_NAMING_AN_ARCHITECTURE);
        assertEquals(Set.of("architecture.Architecture"), naming);
    }
}
