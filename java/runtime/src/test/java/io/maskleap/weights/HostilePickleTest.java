package io.maskleap.weights;

import static io.maskleap.weights.Refusal.assertRefused;
import static io.maskleap.weights.Refusal.assertRefusedWith;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pickles that would run a command in Python; here each is a name, and nothing runs. */
class HostilePickleTest {
    private static final ForeignObject OS_SYSTEM = new ForeignObject("os", "system");

    @Test
    void keepsAFunctionAsItsName() {
        assertEquals(OS_SYSTEM, decode(new PickleBuilder().global("os", "system")));
        assertEquals(OS_SYSTEM, decode(new PickleBuilder().text("os").text("system").op(Opcode.STACK_GLOBAL)));
    }

    @Test
    void keepsACallAsItsName() {
        assertEquals(OS_SYSTEM, decode(new PickleBuilder()
                .global("os", "system").text("touch /tmp/x").op(Opcode.TUPLE1, Opcode.REDUCE)));
        assertEquals(OS_SYSTEM, decode(new PickleBuilder()
                .op(Opcode.MARK).text("touch /tmp/x").op(Opcode.INST).line("os").line("system")));
        assertEquals(OS_SYSTEM, decode(new PickleBuilder()
                .op(Opcode.MARK).global("os", "system").text("touch /tmp/x").op(Opcode.OBJ)));
        assertEquals(OS_SYSTEM, decode(new PickleBuilder()
                .global("os", "system").text("touch /tmp/x").op(Opcode.TUPLE1, Opcode.NEWOBJ)));
        assertEquals(OS_SYSTEM, decode(new PickleBuilder()
                .global("os", "system").text("touch /tmp/x").op(Opcode.TUPLE1, Opcode.EMPTY_DICT, Opcode.NEWOBJ_EX)));
    }

    /** What Python's pickle would call, import or look up, by every opcode that does so. */
    @ParameterizedTest
    @CsvSource({
        "os, system", "posix, system", "nt, system", "subprocess, Popen", "builtins, eval", "builtins, exec",
        "builtins, getattr", "builtins, __import__", "__builtin__, eval", "runpy, _run_code", "importlib, import_module",
        "pickle, loads", "torch, load", "torch.hub, load", "numpy, load", "webbrowser, open", "operator, attrgetter",
    })
    void runsNothingOfWhatOthersMisuse(String module, String name) {
        var function = new ForeignObject(module, name);
        for (var pickle : List.of(
                calling(module, name).text("touch /tmp/x").op(Opcode.TUPLE1, Opcode.REDUCE),
                calling(module, name).text("touch /tmp/x").op(Opcode.TUPLE1, Opcode.NEWOBJ),
                calling(module, name).text("touch /tmp/x").op(Opcode.TUPLE1, Opcode.EMPTY_DICT, Opcode.NEWOBJ_EX),
                calling(module, name).text("touch /tmp/x").op(Opcode.BUILD),
                calling(module, name).op(Opcode.EMPTY_TUPLE, Opcode.REDUCE, Opcode.EMPTY_TUPLE, Opcode.REDUCE),
                new PickleBuilder().op(Opcode.MARK).text("touch /tmp/x").op(Opcode.INST).line(module).line(name),
                new PickleBuilder().op(Opcode.MARK).global(module, name).text("touch /tmp/x").op(Opcode.OBJ),
                new PickleBuilder().text(module).text(name).op(Opcode.STACK_GLOBAL).text("touch /tmp/x")
                        .op(Opcode.TUPLE1, Opcode.REDUCE))) {
            assertEquals(function, decode(pickle));
        }
    }

    /** PERSID, EXT1, EXT2, EXT4, NEXT_BUFFER and READONLY_BUFFER reach outside the pickle; no checkpoint has them. */
    @ParameterizedTest
    @ValueSource(ints = {'P', 0x82, 0x83, 0x84, 0x97, 0x98})
    void refusesOpcodesThatReachOutside(int opcode) {
        assertRefused("p: byte 3: opcode 0x%02x is not supported".formatted(opcode),
                () -> decode(new PickleBuilder().op(opcode)));
    }

    /** A hundred values, each two of the one before it: small in memory, and endless for who walks it. */
    @Test
    void survivesAMemoBomb() {
        assertInstanceOf(List.class, decode(memoBomb()));
        assertRefusedWith("refers to something that is not a tensor's storage", () -> decode(memoBomb().op(Opcode.BINPERSID)));
        assertEquals(Map.of("k", "v"), decode(memoBomb().op(Opcode.BINPUT).raw(200)
                .op(Opcode.EMPTY_DICT, Opcode.MARK).op(Opcode.BINGET).raw(200).op(Opcode.NONE).text("k").text("v").op(Opcode.SETITEMS)));
    }

    private static PickleBuilder memoBomb() {
        var pickle = new PickleBuilder().op(Opcode.EMPTY_TUPLE);
        for (var i = 0; i < 100; i++) {
            pickle.op(Opcode.BINPUT).raw(i).op(Opcode.BINGET).raw(i).op(Opcode.TUPLE2);
        }
        return pickle;
    }

    /** Keys of several types and one hash make a dict as slow as a list. */
    @Test
    void keepsFewKeysThatAreNotText() {
        var pickle = new PickleBuilder().op(Opcode.EMPTY_DICT, Opcode.MARK);
        for (var i = 0; i < 2000; i++) {
            pickle.number((long) i << 32 | i).op(Opcode.NONE);
        }
        pickle.text("k").op(Opcode.NONE, Opcode.SETITEMS);
        var dict = assertInstanceOf(Map.class, decode(pickle));
        assertEquals(1025, dict.size());
        assertTrue(dict.containsKey("k"));
    }

    @Test
    void dropsTheStateAndItemsOfAForeignObject() {
        assertEquals(OS_SYSTEM, decode(new PickleBuilder()
                .global("os", "system").op(Opcode.EMPTY_DICT).text("k").text("v").op(Opcode.SETITEM, Opcode.BUILD)
                .text("k").text("v").op(Opcode.SETITEM)
                .op(Opcode.NONE, Opcode.APPEND)));
    }

    @Test
    void allowsNoOtherFunctionOfTheSameModules() {
        for (var function : List.of(
                new ForeignObject("torch", "load"),
                new ForeignObject("torch._utils", "_rebuild_tensor"),
                new ForeignObject("collections", "OrderedDict.fromkeys"),
                new ForeignObject("builtins", "eval"))) {
            assertEquals(function, decode(new PickleBuilder()
                    .global(function.module(), function.name()).text("x").op(Opcode.TUPLE1, Opcode.REDUCE)));
        }
    }

    @Test
    void treatsATensorWithAStateAsForeign() {
        var changed = decode(new PickleBuilder()
                .tensor("FloatStorage", "0", 1, 0, new long[] {1}, new long[] {1})
                .op(Opcode.EMPTY_DICT, Opcode.BUILD));
        assertInstanceOf(ForeignObject.class, changed);
    }

    private static PickleBuilder calling(String module, String name) {
        return new PickleBuilder().global(module, name);
    }

    private static Object decode(PickleBuilder pickle) {
        return Unpickler.decode("p", MemorySegment.ofArray(pickle.stop()), new TorchAllowlist("p"));
    }
}
