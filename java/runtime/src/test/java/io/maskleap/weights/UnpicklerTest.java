package io.maskleap.weights;

import static io.maskleap.weights.Refusal.assertRefused;
import static io.maskleap.weights.Refusal.assertRefusedWith;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The pickles in hexadecimal were made by CPython 3.11's pickle.dumps. */
class UnpicklerTest {

    @Test
    void decodesPlainValuesOfEveryProtocol() {
        // {'a': [1, 300, 70000, -1, 2**40, -2**70, 0], 'b': (), 'c': (1,), 'd': (1, 2, 3, 4), 'e': None,
        //  'f': True, 'g': False, 'h': 2.5, 'ü': 'é', 1: {}}
        var wanted = new HashMap<Object, Object>();
        wanted.put("a", List.of(1L, 300L, 70_000L, -1L, 1L << 40, BigInteger.TWO.pow(70).negate(), 0L));
        wanted.put("b", List.of());
        wanted.put("c", List.of(1L));
        wanted.put("d", List.of(1L, 2L, 3L, 4L));
        wanted.put("e", null);
        wanted.put("f", true);
        wanted.put("g", false);
        wanted.put("h", 2.5);
        wanted.put("ü", "é");
        wanted.put(1L, Map.of());
        for (var pickle : List.of(PROTOCOL_2, PROTOCOL_3, PROTOCOL_4, PROTOCOL_5)) {
            assertEquals(wanted, decode(HexFormat.of().parseHex(pickle)));
        }
    }

    @Test
    void sharesRememberedValues() {
        var tree = assertInstanceOf(List.class, decode(new PickleBuilder()
                .op(Opcode.EMPTY_LIST, Opcode.BINPUT).raw(9)
                .op(Opcode.BINGET).raw(9)
                .op(Opcode.TUPLE2).stop()));
        assertSame(tree.get(0), tree.get(1));
    }

    @Test
    void survivesATreeThatContainsItself() {
        var list = assertInstanceOf(List.class, decode(new PickleBuilder()
                .op(Opcode.EMPTY_LIST, Opcode.BINPUT).raw(0)
                .op(Opcode.BINGET).raw(0)
                .op(Opcode.APPEND).stop()));
        assertSame(list, list.get(0));
    }

    @Test
    void dropsBytesSetsAndKeysThatAreContainers() {
        assertEquals(new ForeignObject("builtins", "bytes"),
                decode(new PickleBuilder().op(Opcode.SHORT_BINBYTES).raw(2, 0xff, 0xfe).stop()));
        assertEquals(new ForeignObject("builtins", "set"), decode(new PickleBuilder()
                .op(Opcode.EMPTY_SET, Opcode.MARK, Opcode.NEWTRUE, Opcode.ADDITEMS).stop()));
        assertEquals(Map.of("k", "v"), decode(new PickleBuilder()
                .op(Opcode.EMPTY_DICT, Opcode.MARK, Opcode.EMPTY_TUPLE, Opcode.NONE)
                .text("k").text("v").op(Opcode.SETITEMS).stop()));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "8002", "80024b", "80025805000000", "8002580500000061", "80028a0201", "80028bffffffff", "8002580200000000ff2e",
        "8002636f73", "8002420a0000002e", "80028dffffffffffffffff",
    })
    void refusesTruncatedOrDamagedPickles(String hex) {
        assertRefusedWith("p: ", () -> decode(HexFormat.of().parseHex(hex)));
    }

    @Test
    void refusesMalformedPickles() {
        assertRefused("p: byte 3: uses a value that is not there", () -> decode(new PickleBuilder().stop()));
        assertRefused("p: byte 4: uses a value that is not there",
                () -> decode(new PickleBuilder().op(Opcode.MARK).stop()));
        assertRefused("p: byte 3: wants a mark that is not there",
                () -> decode(new PickleBuilder().op(Opcode.TUPLE).stop()));
        assertRefused("p: byte 4: value 5 is used but was never remembered",
                () -> decode(new PickleBuilder().op(Opcode.BINGET).raw(5).stop()));
        assertRefused("p: byte 5: appends to something that is not a list",
                () -> decode(new PickleBuilder().op(Opcode.EMPTY_TUPLE, Opcode.NONE, Opcode.APPEND).stop()));
        assertRefused("p: byte 6: sets an item of something that is not a dict",
                () -> decode(new PickleBuilder().op(Opcode.NONE, Opcode.NONE, Opcode.NONE, Opcode.SETITEM).stop()));
        assertRefused("p: byte 6: sets a key without a value",
                () -> decode(new PickleBuilder()
                        .op(Opcode.EMPTY_DICT, Opcode.MARK, Opcode.NONE, Opcode.SETITEMS).stop()));
        assertRefused("p: byte 5: calls something that is not a function",
                () -> decode(new PickleBuilder().op(Opcode.NONE, Opcode.EMPTY_TUPLE, Opcode.REDUCE).stop()));
        assertRefused("p: byte 5: makes an object of something that is not a class",
                () -> decode(new PickleBuilder().op(Opcode.NONE, Opcode.EMPTY_TUPLE, Opcode.NEWOBJ).stop()));
        assertRefused("p: byte 3: opcode 0x49 is not supported", () -> decode(new PickleBuilder().raw('I').stop()));
        assertRefused("p: byte 4: pickle protocol 6 is not supported (2 to 5)",
                () -> decode(new PickleBuilder().op(Opcode.PROTO).raw(6).stop()));
    }

    @Test
    void refusesWhatIsBeyondItsLimits() {
        assertRefusedWith("more than 4194304 opcodes", () -> decode(repeated((1 << 22) + 1, Opcode.PROTO, 2)));
        assertRefusedWith("nests deeper than 1048576 values", () -> decode(repeated((1 << 20) + 1, Opcode.MARK)));
        assertRefusedWith("an integer has 1025 bytes, limit 1024", () -> decode(new PickleBuilder()
                .op(Opcode.LONG4).littleEndian(1025, 4).raw(new int[1025]).stop()));
        var remembering = new PickleBuilder().op(Opcode.NONE).raw(
                IntStream.generate(() -> Opcode.MEMOIZE).limit((1 << 20) + 1).toArray()).stop();
        assertRefusedWith("remembers more than 1048576 values", () -> decode(remembering));
    }

    @Test
    void decodesDeepNestingWithoutRecursion() {
        var depth = 500_000;
        var pickle = new PickleBuilder().op(Opcode.NONE)
                .raw(IntStream.generate(() -> Opcode.TUPLE1).limit(depth).toArray()).stop();
        var levels = 0;
        for (var value = decode(pickle); value instanceof List<?> tuple; value = tuple.getFirst()) {
            levels++;
        }
        assertEquals(depth, levels);
    }

    private static byte[] repeated(int count, int... opcodes) {
        var once = new byte[opcodes.length];
        for (var i = 0; i < once.length; i++) {
            once[i] = (byte) opcodes[i];
        }
        return new String(once, StandardCharsets.ISO_8859_1).repeat(count).getBytes(StandardCharsets.ISO_8859_1);
    }

    private static Object decode(byte[] pickle) {
        return Unpickler.decode("p", MemorySegment.ofArray(pickle), new TorchAllowlist("p"));
    }

    private static final String PROTOCOL_2 =
            "80027d71002858010000006171015d7102284b014d2c014a701101004affffffff8a060000000000018a090000000000"
            + "000000c04b006558010000006271032958010000006371044b018571055801000000647106284b014b024b034b047471"
            + "0758010000006571084e580100000066710988580100000067710a89580100000068710b474004000000000000580200"
            + "0000c3bc710c5802000000c3a9710d4b017d710e752e";

    private static final String PROTOCOL_3 =
            "80037d71002858010000006171015d7102284b014d2c014a701101004affffffff8a060000000000018a090000000000"
            + "000000c04b006558010000006271032958010000006371044b018571055801000000647106284b014b024b034b047471"
            + "0758010000006571084e580100000066710988580100000067710a89580100000068710b474004000000000000580200"
            + "0000c3bc710c5802000000c3a9710d4b017d710e752e";

    private static final String PROTOCOL_4 =
            "80049577000000000000007d94288c0161945d94284b014d2c014a701101004affffffff8a060000000000018a090000"
            + "000000000000c04b00658c016294298c0163944b0185948c016494284b014b024b034b0474948c0165944e8c01669488"
            + "8c016794898c0168944740040000000000008c02c3bc948c02c3a9944b017d94752e";

    private static final String PROTOCOL_5 =
            "80059577000000000000007d94288c0161945d94284b014d2c014a701101004affffffff8a060000000000018a090000"
            + "000000000000c04b00658c016294298c0163944b0185948c016494284b014b024b034b0474948c0165944e8c01669488"
            + "8c016794898c0168944740040000000000008c02c3bc948c02c3a9944b017d94752e";
}
