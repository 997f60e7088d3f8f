package io.maskleap.weights;

import io.maskleap.JsonEdits;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Writes what fuzzing begins with: small files of each kind that are as they should be. */
final class FuzzSeeds {
    private FuzzSeeds() {}

    /** @param arguments the corpus' folder */
    public static void main(String[] arguments) throws IOException {
        var corpus = Path.of(arguments[0]);
        safetensors(Files.createDirectories(corpus.resolve("safetensors")));
        shards(Files.createDirectories(corpus.resolve("shards")));
        pickles(Files.createDirectories(corpus.resolve("pickle")));
        checkpoints(Files.createDirectories(corpus.resolve("checkpoint")));
        manifests(Files.createDirectories(corpus.resolve("manifest")));
        for (var target : List.of("safetensors", "shards", "manifest")) {
            Files.write(corpus.resolve(target).resolve("seed-edits"), new byte[] {JsonEdits.MARK, 0, 1, 0, 9, 0, 9});
            Files.write(corpus.resolve(target).resolve("seed-honest"), new byte[] {JsonEdits.MARK});
        }
    }

    private static void safetensors(Path folder) {
        var tensors = new ArrayList<RawTensor>();
        for (var dtype : StoredDtype.values()) {
            tensors.add(RawTensor.of("t." + dtype, dtype, new byte[2 * dtype.byteSize()], 2, 1));
        }
        SafetensorsWriter.write(folder.resolve("seed-dtypes"), tensors, Map.of("format", "pt"));
        SafetensorsWriter.write(folder.resolve("seed-none"), List.of(), Map.of());
        SafetensorsWriter.write(folder.resolve("seed-empty"), List.of(RawTensor.ofFloats("a", new float[0], 0, 3),
                RawTensor.ofFloats("b", new float[] {1})), Map.of());
    }

    private static void shards(Path folder) throws IOException {
        text(folder.resolve("seed-two"), """
                {"metadata": {"total_size": 8}, "weight_map": {"a": "1.safetensors", "b": "2.safetensors"}}""");
        text(folder.resolve("seed-bad"), """
                {"weight_map": {"a": "bad.safetensors"}}""");
    }

    private static void manifests(Path folder) throws IOException {
        text(folder.resolve("seed-whole"), """
                {"format": 1, "architecture": "maskgit", "name": "tiny", "classes": ["a", "b"],
                 "base": {"file": "b", "grid": 8, "codebook": 64, "classes": 2, "channels": 64, "layers": 3, "heads": 4, "mlp": 160},
                 "shortcut": {"file": "s", "base_channels": 64, "channels": 32, "projections": true, "blocks": 1, "heads": 4,
                 "mlp": 128, "time_hidden": 91}, "decoder": {"file": "d"},
                 "defaults": {"steps": 16, "budget": 5, "schedule": "arccos", "randomization": "linear", "guidance": 2.5,
                 "logit_scale": 1.0, "gumbel_temperature": 7.0}}""");
        text(folder.resolve("seed-least"), """
                {"format":1,"architecture":"maskgit","name":"","base":{"file":"b","grid":1,"codebook":1,"classes":1,"channels":1,
                "layers":1,"heads":1,"mlp":1},"decoder":{"file":"d"},"defaults":{"steps":1,"budget":1,"schedule":"cosine",
                "randomization":"no","guidance":0,"logit_scale":1,"gumbel_temperature":0}}""");
    }

    private static void pickles(Path folder) throws IOException {
        Files.write(folder.resolve("seed-tensors"), tensors());
        Files.write(folder.resolve("seed-plain"), plain());
        Files.write(folder.resolve("seed-foreign"), foreign());
    }

    private static void checkpoints(Path folder) throws IOException {
        TorchFiles.write(folder.resolve("seed-tensors"), tensors(), Map.of("0", new byte[24], "1", new byte[64]));
        TorchFiles.write(folder.resolve("seed-foreign"), foreign(), Map.of("0", new byte[24]));
        try (var zip = new ZipOutputStream(Files.newOutputStream(folder.resolve("seed-byteorder")))) {
            TorchFiles.put(zip, "x/data.pkl", tensors(), ZipEntry.STORED);
            TorchFiles.put(zip, "x/byteorder", "little".getBytes(StandardCharsets.US_ASCII), ZipEntry.STORED);
        }
    }

    private static byte[] tensors() {
        return new PickleBuilder().global("collections", "OrderedDict").op(Opcode.EMPTY_TUPLE, Opcode.REDUCE, Opcode.MARK)
                .text("w").tensor("FloatStorage", "0", 6, 0, new long[] {2, 3}, new long[] {3, 1})
                .text("t").tensor("HalfStorage", "1", 32, 1, new long[] {2, 3}, new long[] {1, 2})
                .text("p").global("torch._utils", "_rebuild_parameter").op(Opcode.MARK)
                .tensor("LongStorage", "1", 8, 0, new long[] {}, new long[] {})
                .op(Opcode.NEWTRUE, Opcode.EMPTY_DICT, Opcode.TUPLE, Opcode.REDUCE)
                .op(Opcode.SETITEMS).op(Opcode.EMPTY_DICT).text("_metadata").op(Opcode.NONE, Opcode.SETITEM, Opcode.BUILD)
                .stop();
    }

    private static byte[] foreign() {
        return new PickleBuilder().op(Opcode.EMPTY_DICT, Opcode.MARK)
                .text("state_dict").op(Opcode.EMPTY_DICT).text("w")
                .tensor("FloatStorage", "0", 6, 0, new long[] {6}, new long[] {1}).op(Opcode.SETITEM)
                .text("a").global("os", "system").text("x").op(Opcode.TUPLE1, Opcode.REDUCE)
                .text("b").op(Opcode.MARK).text("x").op(Opcode.INST).line("os").line("system")
                .text("c").op(Opcode.MARK).global("os", "system").text("x").op(Opcode.OBJ)
                .text("d").text("os").text("system").op(Opcode.STACK_GLOBAL, Opcode.EMPTY_TUPLE, Opcode.NEWOBJ)
                .op(Opcode.EMPTY_DICT, Opcode.BUILD)
                .text("e").global("torch", "Size").numbers(1, 2).op(Opcode.TUPLE1, Opcode.REDUCE)
                .op(Opcode.SETITEMS).stop();
    }

    private static byte[] plain() {
        return new PickleBuilder().op(Opcode.FRAME).littleEndian(0, 8)
                .op(Opcode.EMPTY_DICT, Opcode.MEMOIZE, Opcode.MARK)
                .op(Opcode.SHORT_BINUNICODE).raw(1, 'a').op(Opcode.EMPTY_LIST, Opcode.BINPUT).raw(1).op(Opcode.MARK)
                .op(Opcode.BININT1).raw(1).op(Opcode.BININT2).raw(1, 1).op(Opcode.BININT).raw(1, 2, 3, 4)
                .op(Opcode.LONG1).raw(1, 0xff).op(Opcode.LONG4).raw(1, 0, 0, 0, 7).op(Opcode.BINFLOAT).littleEndian(1, 8)
                .op(Opcode.SHORT_BINBYTES).raw(1, 'x').op(Opcode.BINBYTES).raw(1, 0, 0, 0, 'x')
                .op(Opcode.BINUNICODE8).littleEndian(1, 8).raw('x').op(Opcode.BINBYTES8).littleEndian(0, 8)
                .op(Opcode.BYTEARRAY8).littleEndian(0, 8).op(Opcode.BINGET).raw(1).op(Opcode.LONG_BINGET).raw(0, 0, 0, 0)
                .op(Opcode.LONG_BINPUT).raw(5, 0, 0, 0).op(Opcode.APPENDS)
                .op(Opcode.NEWFALSE).op(Opcode.EMPTY_SET, Opcode.MARK, Opcode.NONE, Opcode.ADDITEMS)
                .op(Opcode.NONE).op(Opcode.MARK, Opcode.NONE, Opcode.DUP, Opcode.POP, Opcode.FROZENSET)
                .op(Opcode.NEWTRUE).op(Opcode.NONE, Opcode.NONE, Opcode.TUPLE2)
                .op(Opcode.BININT1).raw(9).op(Opcode.NONE, Opcode.NONE, Opcode.NONE, Opcode.TUPLE3)
                .op(Opcode.MARK, Opcode.NONE, Opcode.POP_MARK, Opcode.SETITEMS).stop();
    }

    private static void text(Path path, String text) throws IOException {
        Files.writeString(path, text);
    }
}
