package io.maskleap.weights;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Assembles a pickle opcode by opcode, so that tests can write what no Python would. */
final class PickleBuilder {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    PickleBuilder() {
        op(Opcode.PROTO).raw(2);
    }

    PickleBuilder op(int... opcodes) {
        return raw(opcodes);
    }

    PickleBuilder raw(int... values) {
        for (var value : values) {
            bytes.write(value);
        }
        return this;
    }

    PickleBuilder text(String text) {
        var utf8 = text.getBytes(StandardCharsets.UTF_8);
        op(Opcode.BINUNICODE).littleEndian(utf8.length, 4);
        bytes.writeBytes(utf8);
        return this;
    }

    PickleBuilder number(long value) {
        return op(Opcode.LONG1).raw(8).littleEndian(value, 8);
    }

    /** A tuple of integers. */
    PickleBuilder numbers(long... values) {
        op(Opcode.MARK);
        for (var value : values) {
            number(value);
        }
        return op(Opcode.TUPLE);
    }

    PickleBuilder global(String module, String name) {
        return op(Opcode.GLOBAL).line(module).line(name);
    }

    PickleBuilder line(String line) {
        bytes.writeBytes((line + "\n").getBytes(StandardCharsets.UTF_8));
        return this;
    }

    PickleBuilder littleEndian(long value, int byteCount) {
        var buffer = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value);
        bytes.write(buffer.array(), 0, byteCount);
        return this;
    }

    /** A storage's persistent id, resolved. */
    PickleBuilder storage(String type, String key, long elementCount) {
        return op(Opcode.MARK).text("storage").global("torch", type).text(key).text("cuda:0").number(elementCount)
                .op(Opcode.TUPLE, Opcode.BINPERSID);
    }

    /** A tensor, as torch.save writes it. */
    PickleBuilder tensor(String type, String key, long elementCount, long offset, long[] shape, long[] strides) {
        return global("torch._utils", "_rebuild_tensor_v2")
                .op(Opcode.MARK)
                .storage(type, key, elementCount)
                .number(offset)
                .numbers(shape)
                .numbers(strides)
                .op(Opcode.NEWFALSE)
                .global("collections", "OrderedDict").op(Opcode.EMPTY_TUPLE, Opcode.REDUCE)
                .op(Opcode.TUPLE, Opcode.REDUCE);
    }

    byte[] stop() {
        op(Opcode.STOP);
        return bytes.toByteArray();
    }
}
