package io.maskleap.weights;

import static io.maskleap.weights.Refusal.assertRefused;
import static io.maskleap.weights.Refusal.assertRefusedWith;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TorchCheckpointTest {
    @TempDir
    Path folder;

    private Path path;

    @BeforeEach
    void namePath() {
        path = folder.resolve("a.pth");
    }

    @Test
    void mapsAContiguousTensor() throws IOException {
        write(tensors(pickle -> pickle.text("t")
                .tensor("FloatStorage", "0", 6, 2, new long[] {2, 1, 2}, new long[] {2, 99, 1})));
        try (var checkpoint = TorchCheckpoint.open(path)) {
            var tensor = checkpoint.stateDict().tensor("t");
            assertEquals(List.of(2L, 1L, 2L), tensor.shape());
            assertArrayEquals(new float[] {2, 3, 4, 5}, tensor.toFloats());
            assertTrue(tensor.data().isMapped());
        }
    }

    @Test
    void copiesStridedTensorsOnce() throws IOException {
        write(tensors(pickle -> pickle
                .text("transposed").tensor("FloatStorage", "0", 6, 0, new long[] {3, 2}, new long[] {1, 3})
                .text("column").tensor("FloatStorage", "0", 6, 1, new long[] {2}, new long[] {3})
                .text("repeated").tensor("FloatStorage", "0", 6, 4, new long[] {2, 2, 2}, new long[] {0, 1, 0})));
        try (var checkpoint = TorchCheckpoint.open(path)) {
            var tensors = checkpoint.stateDict();
            assertArrayEquals(new float[] {0, 3, 1, 4, 2, 5}, tensors.tensor("transposed").toFloats());
            assertArrayEquals(new float[] {1, 4}, tensors.tensor("column").toFloats());
            assertArrayEquals(new float[] {4, 4, 5, 5, 4, 4, 5, 5}, tensors.tensor("repeated").toFloats());
            assertFalse(tensors.tensor("column").data().isMapped());
            assertSame(tensors.tensor("column"), tensors.tensor("column"));
        }
    }

    @Test
    void sharesStorages() throws IOException {
        write(tensors(pickle -> pickle
                .text("a").tensor("FloatStorage", "0", 6, 0, new long[] {3}, new long[] {1})
                .text("b").tensor("FloatStorage", "0", 6, 0, new long[] {3}, new long[] {1})));
        try (var checkpoint = TorchCheckpoint.open(path)) {
            var tensors = checkpoint.stateDict();
            assertEquals(tensors.tensor("a").data().address(), tensors.tensor("b").data().address());
        }
    }

    @Test
    void readsScalarsAndEmptyTensors() throws IOException {
        write(tensors(pickle -> pickle
                .text("scalar").tensor("FloatStorage", "0", 6, 5, new long[0], new long[0])
                .text("empty").tensor("FloatStorage", "none", 0, 0, new long[] {3, 0}, new long[] {1, 1})));
        try (var checkpoint = TorchCheckpoint.open(path)) {
            var tensors = checkpoint.stateDict();
            assertArrayEquals(new float[] {5}, tensors.tensor("scalar").toFloats());
            assertEquals(List.of(3L, 0L), tensors.tensor("empty").shape());
            assertEquals(0, tensors.tensor("empty").byteSize());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "DoubleStorage, F64", "FloatStorage, F32", "HalfStorage, F16", "BFloat16Storage, BF16", "LongStorage, I64",
        "IntStorage, I32", "ShortStorage, I16", "CharStorage, I8", "ByteStorage, U8", "BoolStorage, BOOL",
    })
    void knowsEveryDtype(String type, StoredDtype dtype) throws IOException {
        write(tensors(pickle -> pickle.text("t").tensor(type, "0", 3, 1, new long[] {2}, new long[] {1})));
        try (var checkpoint = TorchCheckpoint.open(path)) {
            var tensor = checkpoint.stateDict().tensor("t");
            assertEquals(dtype, tensor.dtype());
            assertEquals(2L * dtype.byteSize(), tensor.byteSize());
        }
    }

    @Test
    void readsParametersAndIgnoresAttributesOfAnOrderedDict() throws IOException {
        write(new PickleBuilder()
                .global("collections", "OrderedDict").op(Opcode.EMPTY_TUPLE, Opcode.REDUCE, Opcode.MARK)
                .text("p").global("torch._utils", "_rebuild_parameter").op(Opcode.MARK)
                .tensor("FloatStorage", "0", 6, 0, new long[] {6}, new long[] {1})
                .op(Opcode.NEWTRUE, Opcode.EMPTY_DICT, Opcode.TUPLE, Opcode.REDUCE)
                .op(Opcode.SETITEMS)
                .op(Opcode.EMPTY_DICT).text("_metadata").op(Opcode.EMPTY_DICT, Opcode.SETITEM, Opcode.BUILD)
                .stop());
        try (var checkpoint = TorchCheckpoint.open(path)) {
            assertEquals(Set.of("p"), checkpoint.stateDict().names());
            assertArrayEquals(new float[] {0, 1, 2, 3, 4, 5}, checkpoint.stateDict().tensor("p").toFloats());
        }
    }

    @Test
    void picksTheFirstKeyThatHoldsTensors() throws IOException {
        write(tensors(pickle -> pickle
                .text("step").number(7)
                .text("size").global("torch", "Size").numbers(2, 3).op(Opcode.TUPLE1, Opcode.REDUCE)
                .text("ema").op(Opcode.EMPTY_DICT)
                .text("model").op(Opcode.EMPTY_DICT)
                .text("t").tensor("FloatStorage", "0", 6, 0, new long[] {1}, new long[] {1})
                .op(Opcode.SETITEM)));
        try (var checkpoint = TorchCheckpoint.open(path)) {
            assertEquals(Set.of("t"), checkpoint.stateDict("none", "ema", "model").names());
            var root = (Map<?, ?>) checkpoint.root();
            assertEquals(7L, root.get("step"));
            assertEquals(List.of(2L, 3L), root.get("size"));
            assertRefused(path + ": has no dict of tensors under none, ema; its keys are step, size, ema, model",
                    () -> checkpoint.stateDict("none", "ema"));
            assertRefused(path + ": has no dict of tensors; its keys are step, size, ema, model",
                    checkpoint::stateDict);
        }
    }

    @Test
    void takesAForeignObjectForAnErrorOnlyWhereATensorIsWanted() throws IOException {
        write(tensors(pickle -> pickle
                .text("t").tensor("FloatStorage", "0", 6, 0, new long[] {1}, new long[] {1})
                .text("hook").global("evil", "Hook").op(Opcode.EMPTY_TUPLE, Opcode.REDUCE)
                .text("step").number(7)));
        try (var checkpoint = TorchCheckpoint.open(path)) {
            var tensors = checkpoint.stateDict();
            assertEquals(Set.of("t"), tensors.names());
            assertRefused(path + ": hook is a Python object (evil.Hook), wanted a tensor",
                    () -> tensors.tensor("hook"));
            assertRefused(path + ": step is the value 7, wanted a tensor", () -> tensors.find("step"));
            assertTrue(tensors.find("other").isEmpty());
            assertRefused(path + ": no tensor other (similar among 1: t)", () -> tensors.tensor("other"));
        }
    }

    @Test
    void refusesARootThatIsNoDict() throws IOException {
        write(new PickleBuilder().global("torch.nn", "Linear").op(Opcode.EMPTY_TUPLE, Opcode.REDUCE).stop());
        try (var checkpoint = TorchCheckpoint.open(path)) {
            assertRefused(path + ": holds a Python object (torch.nn.Linear), wanted a dict of tensors",
                    checkpoint::stateDict);
        }
    }

    @Test
    void refusesTensorsThatTheirStorageDoesNotHold() throws IOException {
        var reach = ": tensor t: shape [2], strides [1], offset 5 reach beyond storage 0 of 6 elements";
        assertTensorRefused(reach, "FloatStorage", "0", 6, 5, new long[] {2}, new long[] {1});
        assertTensorRefused(": tensor t: shape [2], strides [9223372036854775807], offset 1 reach beyond storage 0"
                + " of 6 elements", "FloatStorage", "0", 6, 1, new long[] {2}, new long[] {Long.MAX_VALUE});
        assertTensorRefused(": tensor t: its storage 0 has 24 bytes, wanted 7 elements of F32",
                "FloatStorage", "0", 7, 0, new long[] {7}, new long[] {1});
        assertTensorRefused(": tensor t: its storage 0 has 24 bytes, wanted -1 elements of F32",
                "FloatStorage", "0", -1, 0, new long[] {7}, new long[] {1});
        assertTensorRefused(": tensor t: offset -1 and strides [1], wanted none below 0",
                "FloatStorage", "0", 6, -1, new long[] {1}, new long[] {1});
        assertTensorRefused(": tensor t: offset 0 and strides [-1], wanted none below 0",
                "FloatStorage", "0", 6, 0, new long[] {1}, new long[] {-1});
        assertTensorRefused(": tensor t: shape [-1] has a negative dimension",
                "FloatStorage", "0", 6, 0, new long[] {-1}, new long[] {1});
        assertTensorRefused(": tensor t: shape [4611686018427387904] has more bytes than 64 bits can count",
                "FloatStorage", "0", 6, 0, new long[] {1L << 62}, new long[] {0});
        assertTensorRefused(": tensor t: has 0 strides for shape [1]",
                "FloatStorage", "0", 6, 0, new long[] {1}, new long[0]);
        assertTensorRefused(": tensor t: shape [1073741824] with strides [0] repeats 24 bytes up to 4294967296,"
                + " limit 268435456", "FloatStorage", "0", 6, 0, new long[] {1 << 30}, new long[] {0});
        assertTensorRefused(": has no entry x/data/9: damaged",
                "FloatStorage", "9", 6, 0, new long[] {1}, new long[] {1});
        assertTensorRefused(": tensor t: torch.ComplexFloatStorage is not supported; convert it to float32 first",
                "ComplexFloatStorage", "0", 6, 0, new long[] {1}, new long[] {1});
    }

    /** Each of them is within bounds; a thousand would be 80 GB of one storage of 24 bytes. */
    @Test
    void refusesMoreSharesOfAStorageThanTheFileIsWorth() throws IOException {
        write(tensors(pickle -> {
            for (var i = 0; i < 4; i++) {
                pickle.text("u" + i).tensor("FloatStorage", "0", 6, 0, new long[] {5 << 22}, new long[] {0});
            }
        }));
        var limit = 2 * Files.size(path) + (1L << 28);
        try (var checkpoint = TorchCheckpoint.open(path)) {
            var tensors = checkpoint.stateDict();
            for (var i = 0; i < 3; i++) {
                tensors.tensor("u" + i);
            }
            assertRefused("%s: tensor u3: with it, tensors that share storages take %d bytes, limit %d for a file of %d"
                    .formatted(path, 20L << 24, limit, Files.size(path)), () -> tensors.tensor("u3"));
        }
    }

    @Test
    void countsSharesThatNeedNoCopy() throws IOException {
        var storage = new byte[1 << 20];
        var names = 300;
        var pickle = tensors(builder -> {
            for (var i = 0; i < names; i++) {
                builder.text("t" + i).tensor("ByteStorage", "0", 1 << 20, 0, new long[] {1 << 20}, new long[] {1});
            }
        });
        TorchFiles.write(path, pickle, Map.of("0", storage));
        try (var checkpoint = TorchCheckpoint.open(path)) {
            var tensors = checkpoint.stateDict();
            assertRefusedWith(": with it, tensors that share storages take ", () -> {
                for (var i = 0; i < names; i++) {
                    tensors.tensor("t" + i);
                }
            });
        }
    }

    @Test
    void refusesMalformedTensors() throws IOException {
        write(new PickleBuilder().global("torch._utils", "_rebuild_tensor_v2").op(Opcode.MARK)
                .storage("FloatStorage", "0", 6).text("offset").numbers(1).numbers(1)
                .op(Opcode.NEWFALSE, Opcode.NONE, Opcode.TUPLE, Opcode.REDUCE).stop());
        var sentence = path
                + ": data.pkl: a tensor's offset, shape or strides are not integers, or more than 64: damaged";
        assertRefused(sentence, () -> TorchCheckpoint.open(path));
        write(new PickleBuilder().tensor("FloatStorage", "0", 6, 0, new long[65], new long[65]).stop());
        assertRefused(sentence, () -> TorchCheckpoint.open(path));
        write(new PickleBuilder().text("id").op(Opcode.BINPERSID).stop());
        assertRefusedWith("refers to something that is not a tensor's storage", () -> TorchCheckpoint.open(path));
    }

    @Test
    void endsItsDataWhenClosed() throws IOException {
        write(tensors(pickle -> pickle
                .text("mapped").tensor("FloatStorage", "0", 6, 0, new long[] {6}, new long[] {1})
                .text("copied").tensor("FloatStorage", "0", 6, 0, new long[] {2}, new long[] {3})));
        var checkpoint = TorchCheckpoint.open(path);
        var tensors = checkpoint.stateDict();
        var mapped = tensors.tensor("mapped");
        var copied = tensors.tensor("copied");
        tensors.close();
        assertEquals(6, mapped.toFloats().length);
        checkpoint.close();
        checkpoint.close();
        assertThrows(IllegalStateException.class, mapped::toFloats);
        assertThrows(IllegalStateException.class, copied::toFloats);
    }

    private void assertTensorRefused(String sentence, String type, String key, long elementCount, long offset,
            long[] shape, long[] strides) throws IOException {
        write(tensors(pickle -> pickle.text("t").tensor(type, key, elementCount, offset, shape, strides)));
        try (var checkpoint = TorchCheckpoint.open(path)) {
            var tensors = checkpoint.stateDict();
            assertRefused(path + sentence, () -> tensors.tensor("t"));
        }
    }

    /** A dict with the entries that {@code body} writes. */
    private static byte[] tensors(Consumer<PickleBuilder> body) {
        var pickle = new PickleBuilder().op(Opcode.EMPTY_DICT, Opcode.MARK);
        body.accept(pickle);
        return pickle.op(Opcode.SETITEMS).stop();
    }

    /** Writes a checkpoint whose storage 0 holds the floats 0 to 5. */
    private void write(byte[] pickle) throws IOException {
        var floats = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
        for (var i = 0; i < 6; i++) {
            floats.putFloat(i);
        }
        TorchFiles.write(path, pickle, Map.of("0", floats.array()));
    }
}
