package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Decodes a pickle into a plain tree, and runs nothing: the few calls that {@link Allowed} knows give a
 * value, every other class, function or object becomes a {@link ForeignObject}.
 *
 * <p>dict becomes Map, list and tuple List, int Long (BigInteger beyond 64 bits), float Double, str String,
 * bool Boolean, None null. The memo lets values stand in several places, even in themselves, so a tree from
 * a foreign file must not be walked without a bound. The work is bounded by the pickle's length and {@link Limits}.
 */
final class Unpickler {
    private static final int NEWEST_PROTOCOL = 5;

    private static final ForeignObject BYTES = new ForeignObject("builtins", "bytes");
    private static final ForeignObject SET = new ForeignObject("builtins", "set");
    private static final ForeignObject CHANGED_OBJECT = new ForeignObject("builtins", "object");

    /** The calls that have a meaning. */
    interface Allowed {

        /** The value of calling {@code function}; {@code function} itself where that is not allowed. */
        Object call(ForeignObject function, List<?> arguments);

        /** What lies outside the pickle under that id. */
        Object external(Object persistentId);
    }

    private final ByteReader in;
    private final Allowed allowed;
    private final PickleStack stack;
    private final Map<Long, Object> memo = new HashMap<>();
    private int otherKeys;

    private Unpickler(ByteReader in, Allowed allowed) {
        this.in = in;
        this.stack = new PickleStack(in);
        this.allowed = allowed;
    }

    /**
     * The tree of a pickle of protocol 2 to 5.
     *
     * @param origin begins every error's sentence
     * @throws MaskleapException where the pickle is truncated, malformed, beyond a limit, or uses an opcode
     *     that no checkpoint needs
     */
    static Object decode(String origin, MemorySegment pickle, Allowed allowed) {
        if (pickle.byteSize() > Limits.PICKLE_BYTES) {
            throw new MaskleapException("%s: is %d bytes, limit %d".formatted(origin, pickle.byteSize(), Limits.PICKLE_BYTES));
        }
        return new Unpickler(new ByteReader(origin, pickle), allowed).run();
    }

    private Object run() {
        for (var count = 0; count < Limits.PICKLE_OPCODES; count++) {
            var opcode = in.u1();
            if (opcode == Opcode.STOP) {
                return stack.pop();
            }
            execute(opcode);
        }
        throw in.error("more than " + Limits.PICKLE_OPCODES + " opcodes");
    }

    private void execute(int opcode) {
        switch (opcode) {
            case Opcode.PROTO -> checkProtocol(in.u1());
            case Opcode.FRAME -> in.skip(8);

            case Opcode.MARK -> stack.pushMark();
            case Opcode.POP -> stack.drop();
            case Opcode.POP_MARK -> stack.popToMark();
            case Opcode.DUP -> stack.push(stack.top());

            case Opcode.NONE -> stack.push(null);
            case Opcode.NEWTRUE -> stack.push(true);
            case Opcode.NEWFALSE -> stack.push(false);
            case Opcode.BININT -> stack.push((long) in.i4());
            case Opcode.BININT1 -> stack.push((long) in.u1());
            case Opcode.BININT2 -> stack.push((long) in.u2());
            case Opcode.LONG1 -> stack.push(integer(in.u1()));
            case Opcode.LONG4 -> stack.push(integer(in.i4()));
            case Opcode.BINFLOAT -> stack.push(Double.longBitsToDouble(Long.reverseBytes(in.i8())));
            case Opcode.SHORT_BINUNICODE -> stack.push(in.text(in.u1()));
            case Opcode.BINUNICODE -> stack.push(in.text(in.u4()));
            case Opcode.BINUNICODE8 -> stack.push(in.text(in.i8()));
            case Opcode.SHORT_BINBYTES -> pushBytes(in.u1());
            case Opcode.BINBYTES -> pushBytes(in.u4());
            case Opcode.BINBYTES8, Opcode.BYTEARRAY8 -> pushBytes(in.i8());

            case Opcode.EMPTY_DICT -> stack.push(new LinkedHashMap<>());
            case Opcode.EMPTY_LIST -> stack.push(new ArrayList<>());
            case Opcode.EMPTY_SET -> stack.push(SET);
            case Opcode.EMPTY_TUPLE -> stack.push(List.of());
            case Opcode.TUPLE -> stack.push(tuple(stack.popToMark()));
            case Opcode.TUPLE1 -> stack.push(tuple(stack.popLast(1)));
            case Opcode.TUPLE2 -> stack.push(tuple(stack.popLast(2)));
            case Opcode.TUPLE3 -> stack.push(tuple(stack.popLast(3)));
            case Opcode.FROZENSET -> {
                stack.popToMark();
                stack.push(SET);
            }
            case Opcode.APPEND -> append(stack.popLast(1));
            case Opcode.APPENDS, Opcode.ADDITEMS -> append(stack.popToMark());
            case Opcode.SETITEM -> setItems(stack.popLast(2));
            case Opcode.SETITEMS -> setItems(stack.popToMark());

            case Opcode.BINPUT -> memoize(in.u1());
            case Opcode.LONG_BINPUT -> memoize(in.u4());
            case Opcode.MEMOIZE -> memoize(memo.size());
            case Opcode.BINGET -> stack.push(remembered(in.u1()));
            case Opcode.LONG_BINGET -> stack.push(remembered(in.u4()));

            case Opcode.GLOBAL -> stack.push(new ForeignObject(in.line(), in.line()));
            case Opcode.STACK_GLOBAL -> stack.push(global(stack.popLast(2)));
            case Opcode.INST -> {
                stack.popToMark();
                stack.push(new ForeignObject(in.line(), in.line()));
            }
            case Opcode.OBJ -> stack.push(foreign(stack.popToMark()));
            case Opcode.NEWOBJ -> stack.push(foreign(stack.popLast(2)));
            case Opcode.NEWOBJ_EX -> stack.push(foreign(stack.popLast(3)));
            case Opcode.REDUCE -> stack.push(reduce(stack.popLast(2)));
            case Opcode.BUILD -> dropState();
            case Opcode.BINPERSID -> stack.push(allowed.external(stack.pop()));

            default -> throw in.error("opcode 0x%02x is not supported".formatted(opcode));
        }
    }

    private void checkProtocol(int protocol) {
        if (protocol > NEWEST_PROTOCOL) {
            throw in.error("pickle protocol %d is not supported (2 to %d)".formatted(protocol, NEWEST_PROTOCOL));
        }
    }

    private Number integer(int length) {
        if (length > Limits.PICKLE_INTEGER_BYTES) {
            throw in.error("an integer has %d bytes, limit %d".formatted(length, Limits.PICKLE_INTEGER_BYTES));
        }
        var littleEndian = in.slice(length);
        var bigEndian = new byte[length + 1];
        for (var i = 0; i < length; i++) {
            bigEndian[length - i] = littleEndian.get(ValueLayout.JAVA_BYTE, i);
        }
        bigEndian[0] = length > 0 && bigEndian[1] < 0 ? (byte) -1 : 0; // the sign; no bytes at all are 0
        var number = new BigInteger(bigEndian);
        return number.bitLength() < Long.SIZE ? number.longValue() : number;
    }

    /** Bytes carry no tensor (those lie outside the pickle), so they are not kept. */
    private void pushBytes(long length) {
        in.skip(length);
        stack.push(BYTES);
    }

    private static List<Object> tuple(List<Object> items) {
        return Collections.unmodifiableList(items);
    }

    private void append(List<Object> items) {
        switch (stack.top()) {
            case ArrayList<?> _ -> listOnTop().addAll(items);
            case ForeignObject _ -> { } // items of a foreign container are as foreign as it is
            case null, default -> throw in.error("appends to something that is not a list");
        }
    }

    @SuppressWarnings("unchecked") // every ArrayList on the stack was put there by EMPTY_LIST
    private List<Object> listOnTop() {
        return (List<Object>) stack.top();
    }

    private void setItems(List<Object> items) {
        if (items.size() % 2 != 0) {
            throw in.error("sets a key without a value");
        }
        switch (stack.top()) {
            case LinkedHashMap<?, ?> _ -> {
                for (var i = 0; i < items.size(); i += 2) {
                    if (isKept(items.get(i))) {
                        dictOnTop().put(items.get(i), items.get(i + 1));
                    }
                }
            }
            case ForeignObject _ -> { }
            case null, default -> throw in.error("sets an item of something that is not a dict");
        }
    }

    @SuppressWarnings("unchecked") // every LinkedHashMap on the stack was put there by EMPTY_DICT or Allowed
    private Map<Object, Object> dictOnTop() {
        return (Map<Object, Object>) stack.top();
    }

    /**
     * Text is kept, and some of the other plain keys for who wants to know what is in the file. Tuples are not: they could
     * be nested so that hashing one takes for ever.
     */
    private boolean isKept(Object key) {
        return switch (key) {
            case String _ -> true;
            case null -> countOtherKey();
            case Number _, Boolean _, ForeignObject _ -> countOtherKey();
            default -> false;
        };
    }

    private boolean countOtherKey() {
        return ++otherKeys <= Limits.PICKLE_OTHER_KEYS; // cannot overflow: opcodes are limited
    }

    private void memoize(long index) {
        if (memo.size() >= Limits.PICKLE_MEMO) {
            throw in.error("remembers more than " + Limits.PICKLE_MEMO + " values");
        }
        memo.put(index, stack.top());
    }

    private Object remembered(long index) {
        if (!memo.containsKey(index)) {
            throw in.error("value %d is used but was never remembered".formatted(index));
        }
        return memo.get(index);
    }

    private ForeignObject global(List<Object> moduleAndName) {
        if (moduleAndName.get(0) instanceof String module && moduleAndName.get(1) instanceof String name) {
            return new ForeignObject(module, name);
        }
        throw in.error("names a class with something that is not text");
    }

    /** The object that a class, the first of {@code parts}, would have made of the others. */
    private ForeignObject foreign(List<Object> parts) {
        if (!parts.isEmpty() && parts.getFirst() instanceof ForeignObject type) {
            return type;
        }
        throw in.error("makes an object of something that is not a class");
    }

    private Object reduce(List<Object> functionAndArguments) {
        if (functionAndArguments.get(0) instanceof ForeignObject function
                && functionAndArguments.get(1) instanceof List<?> arguments) {
            return allowed.call(function, arguments);
        }
        throw in.error("calls something that is not a function");
    }

    /** Drops an object's state: a dict needs none; with one, anything else may mean another thing than it says. */
    private void dropState() {
        stack.pop();
        if (!(stack.top() instanceof Map<?, ?> || stack.top() instanceof ForeignObject)) {
            stack.pop();
            stack.push(CHANGED_OBJECT);
        }
    }
}
