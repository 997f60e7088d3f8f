package io.maskleap.benchmarks;

import io.maskleap.Manifest;
import io.maskleap.Precision;
import io.maskleap.architecture.maskgit.MaskGitArchitecture;
import io.maskleap.architecture.maskgit.MaskGitConfig;
import io.maskleap.architecture.maskgit.ShortcutConfig;
import io.maskleap.error.MaskleapException;
import io.maskleap.error.Reason;
import io.maskleap.network.VqganConfig.Level;
import io.maskleap.network.VqganConfig;
import io.maskleap.tools.MaskGitImport;
import io.maskleap.weights.Json;
import io.maskleap.weights.ModelFolder;
import io.maskleap.weights.RawTensor;
import io.maskleap.weights.SafetensorsWriter;
import io.maskleap.weights.StoredDtype;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;

/**
 * A model with the sizes of a published one and random weights: it paints noise, and takes the same time for it.
 *
 * @param name      of the model, and of its folder, which has the precision's word behind it
 * @param base      sizes of the base network
 * @param shortcut  sizes of the shortcut, which has projections and embeds the time
 * @param decoder   sizes of the decoder
 */
public record RandomModel(String name, MaskGitConfig base, ShortcutConfig shortcut, VqganConfig decoder) {
    /** The published MaskGIT for images of 512 x 512, its shortcut, and its VQGAN's decoder. */
    public static final RandomModel MASKGIT_512 = new RandomModel("random-512",
            new MaskGitConfig(32, 1024, 1000, 768, 24, 16, 3072),
            new ShortcutConfig(768, 384, true, 1, 16, 1536, 314),
            new VqganConfig(1024, 256, 256, 512, List.of(new Level(3, 128, false), new Level(3, 128, false), new Level(3, 256, false),
                    new Level(3, 256, false), new Level(3, 512, true))));

    /** Everything that {@link #MASKGIT_512} has, in a hundredth of its size: for tests and rehearsals. Images of 64 x 64. */
    public static final RandomModel SMALL = new RandomModel("random-small",
            new MaskGitConfig(16, 64, 10, 64, 2, 4, 128),
            new ShortcutConfig(64, 32, true, 1, 4, 128, 91),
            new VqganConfig(64, 16, 16, 64, List.of(new Level(1, 32, false), new Level(1, 32, false), new Level(1, 64, true))));

    private static final long SEED = 1;

    private static final String USAGE = "usage: RandomModel [--small] [--dtype f32|bf16] [--in DIR]";

    /**
     * Makes a model folder, if it is not there, and prints its path.
     *
     * @param arguments {@code --small}: not the published sizes, but some for rehearsals; {@code --dtype f32} or {@code bf16}, the default;
     *     {@code --in DIR}: the folder to make it in, by default the system's for temporary files
     */
    public static void main(String[] arguments) {
        try {
            var model = MASKGIT_512;
            var precision = Precision.BFLOAT16;
            var parent = temporary();
            for (var rest = List.of(arguments).iterator(); rest.hasNext();) {
                switch (rest.next()) {
                    case "--small" -> model = SMALL;
                    case "--dtype" -> precision = precision(value(rest));
                    case "--in" -> parent = Path.of(value(rest));
                    case String unknown -> throw new MaskleapException("unknown argument \"" + unknown + "\"; " + USAGE);
                }
            }
            System.out.println(model.folder(precision, parent));
        } catch (MaskleapException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }

    private static String value(Iterator<String> rest) {
        if (!rest.hasNext()) {
            throw new MaskleapException("the last option has no value; " + USAGE);
        }
        return rest.next();
    }

    private static Precision precision(String word) {
        return Arrays.stream(Precision.values()).filter(precision -> precision.toString().equals(word)).findFirst()
                .orElseThrow(() -> new MaskleapException("--dtype is " + word + ", wanted f32 or bf16"));
    }

    private static Path temporary() {
        return Path.of(System.getProperty("java.io.tmpdir"));
    }

    /** As {@link #folder(Precision, Path)}, where the system keeps temporary files. */
    public Path folder(Precision precision) {
        return folder(precision, temporary());
    }

    /**
     * The model's folder in {@code parent}. Where it is not there, it is made, and appears whole or not at all; where it is, it is used
     * as it is.
     *
     * @param precision in which matrices are stored; their values are the same
     * @throws MaskleapException where another thing is there, or it cannot be made
     */
    public Path folder(Precision precision, Path parent) {
        var folder = parent.resolve(name + "-" + precision);
        if (!Files.exists(folder)) {
            make(folder, precision);
        }
        requireWhole(folder);
        return folder;
    }

    /** Checks that the folder holds this model, and that each of its files is as long as its header says. */
    private void requireWhole(Path folder) {
        var found = ModelFolder.open(folder);
        if (!Json.pretty(manifest()).equals(read(folder.resolve(ModelFolder.MANIFEST)))) {
            throw new MaskleapException(folder + ": is another model than " + name + "; remove it, or name another folder with --in");
        }
        for (var network : List.of("base", "shortcut", "decoder")) {
            found.weights(network).close();
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new MaskleapException(file + ": cannot be read: " + Reason.of(e), e);
        }
    }

    private void make(Path folder, Precision precision) {
        var part = folder.resolveSibling("." + folder.getFileName() + "." + UUID.randomUUID() + ".part");
        try {
            Files.createDirectory(part);
            try {
                write(part, precision == Precision.BFLOAT16 ? StoredDtype.BF16 : StoredDtype.F32);
                Files.move(part, folder, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                remove(part);
            }
        } catch (IOException e) {
            if (!Files.exists(folder)) { // else another process was faster
                throw new MaskleapException(folder + ": cannot be made: " + Reason.of(e), e);
            }
        }
    }

    private void write(Path folder, StoredDtype operands) {
        write(folder.resolve("base.safetensors"), operands, weights -> weights.base(base));
        write(folder.resolve("shortcut.safetensors"), operands, weights -> weights.shortcut(shortcut));
        write(folder.resolve("decoder.safetensors"), operands, weights -> weights.decoder(decoder));
        Json.write(folder.resolve(ModelFolder.MANIFEST), manifest());
    }

    /** One network at a time is in memory, and not on the heap. */
    private static void write(Path file, StoredDtype operands, Function<RandomWeights, List<RawTensor>> network) {
        try (var memory = Arena.ofConfined()) {
            SafetensorsWriter.write(file, network.apply(new RandomWeights(SEED, operands, memory)), Map.of());
        }
    }

    private Map<String, Object> manifest() {
        var json = new LinkedHashMap<String, Object>();
        json.put("format", ModelFolder.FORMAT);
        json.put("architecture", MaskGitArchitecture.NAME);
        json.put("name", name);
        json.put("base", network("base", base.toJson()));
        json.put("shortcut", network("shortcut", shortcut.toJson()));
        json.put("decoder", network("decoder", Map.of()));
        json.put("defaults", Manifest.toJson(MaskGitImport.DEFAULT_SETTINGS));
        return json;
    }

    private static Map<String, Object> network(String name, Map<String, Object> config) {
        var json = new LinkedHashMap<String, Object>();
        json.put("file", name + ".safetensors");
        json.putAll(config);
        return json;
    }

    private static void remove(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (var files = Files.walk(folder)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
