package io.maskleap.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;

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

    private static Object decode(PickleBuilder pickle) {
        return Unpickler.decode("p", MemorySegment.ofArray(pickle.stop()), new TorchAllowlist("p"));
    }
}
