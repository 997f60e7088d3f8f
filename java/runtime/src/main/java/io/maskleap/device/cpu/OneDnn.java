package io.maskleap.device.cpu;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.maskleap.device.NativeBundle;
import io.maskleap.error.MaskleapException;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.NativeAccess;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * oneDNN's C API, as much of it as matrix products and convolutions need, through FFM. The numbers are those of
 * {@code dnnl_types.h}.
 *
 * <p>The library stays loaded for the life of the process: its OpenMP threads, which our own kernels share, must not
 * lose their code.
 */
final class OneDnn {
    /** Of the memory that oneDNN's layouts are made for. */
    static final long ALIGNMENT = 64;
    static final int F32 = 3;
    private static final int BF16 = 2;
    static final int NO_DTYPE = 0;
    static final int GELU_ERF = 49;
    static final int SWISH = 44;
    static final int ARG_SRC = 1;
    static final int ARG_DST = 17;
    static final int ARG_WEIGHTS = 33;
    static final int ARG_BIAS = 41;

    private static final int CPU = 1;
    private static final int IN_ORDER = 1;
    private static final int FORWARD_INFERENCE = 96;
    private static final int CONVOLUTION_AUTO = 3;
    private static final int QUERY_WEIGHTS_MD = 131;
    private static final int TAG_ANY = 1;
    private static final int ARG_BYTES = 16;
    private static final String[] STATUS = {"success", "out of memory", "invalid arguments", "unimplemented", "last implementation reached",
        "runtime error", "not required", "invalid graph", "invalid graph operation", "invalid shape", "invalid data type"};

    private static OneDnn instance;

    /** oneDNN's number of {@code dtype}. */
    static int dtype(Dtype dtype) {
        return switch (dtype) {
            case F32 -> F32;
            case BF16 -> BF16;
        };
    }

    private final Path path;
    private final SymbolLookup symbols;
    private final MethodHandle memoryDescCreateWithStrides;
    private final MethodHandle memoryDescCreateWithTag;
    private final MethodHandle memoryDescClone;
    private final MethodHandle memoryDescDestroy;
    private final MethodHandle memoryDescGetSize;
    private final MethodHandle memoryCreate;
    private final MethodHandle memorySetDataHandle;
    private final MethodHandle memoryDestroy;
    private final MethodHandle attrCreate;
    private final MethodHandle attrSetPostOps;
    private final MethodHandle attrDestroy;
    private final MethodHandle postOpsCreate;
    private final MethodHandle postOpsAppendEltwise;
    private final MethodHandle postOpsAppendSum;
    private final MethodHandle postOpsDestroy;
    private final MethodHandle matmulPrimitiveDescCreate;
    private final MethodHandle convolutionPrimitiveDescCreate;
    private final MethodHandle reorderPrimitiveDescCreate;
    private final MethodHandle primitiveDescQueryMd;
    private final MethodHandle primitiveDescDestroy;
    private final MethodHandle primitiveCreate;
    private final MethodHandle primitiveExecute;
    private final MethodHandle primitiveDestroy;

    private final MemorySegment engine;
    private final MemorySegment stream;

    private OneDnn() {
        // OpenMP first: our kernel library then finds the same one by its SONAME, and both share one team of threads.
        OpenMp.load();
        path = NativeBundle.oneDnn("libdnnl.so.3");
        symbols = NativeAccess.load(path, Arena.global());
        memoryDescCreateWithStrides = function("memory_desc_create_with_strides", ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS);
        memoryDescCreateWithTag = function("memory_desc_create_with_tag", ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
        memoryDescClone = function("memory_desc_clone", ADDRESS, ADDRESS);
        memoryDescDestroy = function("memory_desc_destroy", ADDRESS);
        memoryDescGetSize = NativeAccess.function(symbols, path, "dnnl_memory_desc_get_size", FunctionDescriptor.of(JAVA_LONG, ADDRESS));
        memoryCreate = function("memory_create", ADDRESS, ADDRESS, ADDRESS, ADDRESS);
        memorySetDataHandle = function("memory_set_data_handle", ADDRESS, ADDRESS);
        memoryDestroy = function("memory_destroy", ADDRESS);
        attrCreate = function("primitive_attr_create", ADDRESS);
        attrSetPostOps = function("primitive_attr_set_post_ops", ADDRESS, ADDRESS);
        attrDestroy = function("primitive_attr_destroy", ADDRESS);
        postOpsCreate = function("post_ops_create", ADDRESS);
        postOpsAppendEltwise = function("post_ops_append_eltwise", ADDRESS, JAVA_INT, JAVA_FLOAT, JAVA_FLOAT);
        postOpsAppendSum = function("post_ops_append_sum", ADDRESS, JAVA_FLOAT, JAVA_INT, JAVA_INT);
        postOpsDestroy = function("post_ops_destroy", ADDRESS);
        matmulPrimitiveDescCreate = function("matmul_primitive_desc_create", ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS);
        convolutionPrimitiveDescCreate = function("convolution_forward_primitive_desc_create", ADDRESS, ADDRESS, JAVA_INT, JAVA_INT,
                ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS);
        reorderPrimitiveDescCreate = function("reorder_primitive_desc_create", ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS);
        primitiveDescQueryMd = NativeAccess.function(symbols, path, "dnnl_primitive_desc_query_md",
                FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT, JAVA_INT));
        primitiveDescDestroy = function("primitive_desc_destroy", ADDRESS);
        primitiveCreate = function("primitive_create", ADDRESS, ADDRESS);
        primitiveExecute = function("primitive_execute", ADDRESS, ADDRESS, JAVA_INT, ADDRESS);
        primitiveDestroy = function("primitive_destroy", ADDRESS);
        engine = create("engine", out -> (int) function("engine_create", ADDRESS, JAVA_INT, JAVA_LONG).invokeExact(out, CPU, 0L));
        stream = create("stream", out -> (int) function("stream_create", ADDRESS, ADDRESS, JAVA_INT).invokeExact(out, engine, IN_ORDER));
    }

    /** The library, loaded on first use; where that fails, the next use tries again. */
    static synchronized OneDnn get() {
        if (instance == null) {
            instance = new OneDnn();
        }
        return instance;
    }

    private MethodHandle function(String name, MemoryLayout... arguments) {
        return NativeAccess.function(symbols, path, "dnnl_" + name, FunctionDescriptor.of(JAVA_INT, arguments));
    }

    /** A memory descriptor of these dimensions and strides (in elements). */
    MemorySegment strided(int dtype, long[] dims, long[] strides) {
        try (var arena = Arena.ofConfined()) {
            var d = arena.allocateFrom(JAVA_LONG, dims);
            var s = arena.allocateFrom(JAVA_LONG, strides);
            return create("memory descriptor", out -> (int) memoryDescCreateWithStrides.invokeExact(out, dims.length, d, dtype, s));
        }
    }

    /** A memory descriptor whose layout the primitive chooses. */
    MemorySegment anyLayout(int dtype, long... dims) {
        try (var arena = Arena.ofConfined()) {
            var d = arena.allocateFrom(JAVA_LONG, dims);
            return create("memory descriptor", out -> (int) memoryDescCreateWithTag.invokeExact(out, dims.length, d, dtype, TAG_ANY));
        }
    }

    MemorySegment copyOfDescriptor(MemorySegment descriptor) {
        return create("memory descriptor", out -> (int) memoryDescClone.invokeExact(out, descriptor));
    }

    void destroyDescriptor(MemorySegment descriptor) {
        check("memory descriptor", () -> (int) memoryDescDestroy.invokeExact(descriptor));
    }

    /** Bytes of a tensor with this descriptor. */
    long bytes(MemorySegment descriptor) {
        try {
            return (long) memoryDescGetSize.invokeExact(descriptor);
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    /** A memory object over {@code data}, which may be NULL until {@link #setData}. */
    MemorySegment memory(MemorySegment descriptor, MemorySegment data) {
        return create("memory", out -> (int) memoryCreate.invokeExact(out, descriptor, engine, data));
    }

    void setData(MemorySegment memory, MemorySegment data) {
        try {
            check("memory", (int) memorySetDataHandle.invokeExact(memory, data));
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    void destroyMemory(MemorySegment memory) {
        check("memory", () -> (int) memoryDestroy.invokeExact(memory));
    }

    /** Attributes: first add to what the destination holds, then apply an eltwise algorithm (0: none). */
    MemorySegment attributes(boolean accumulate, int eltwise, float alpha) {
        var ops = create("post-ops", out -> (int) postOpsCreate.invokeExact(out));
        if (accumulate) {
            check("post-ops", () -> (int) postOpsAppendSum.invokeExact(ops, 1f, 0, NO_DTYPE));
        }
        if (eltwise != 0) {
            check("post-ops", () -> (int) postOpsAppendEltwise.invokeExact(ops, eltwise, alpha, 0f));
        }
        var attributes = create("attributes", out -> (int) attrCreate.invokeExact(out));
        check("attributes", () -> (int) attrSetPostOps.invokeExact(attributes, ops));
        check("post-ops", () -> (int) postOpsDestroy.invokeExact(ops));
        return attributes;
    }

    void destroyAttributes(MemorySegment attributes) {
        check("attributes", () -> (int) attrDestroy.invokeExact(attributes));
    }

    /** A description of dst = src weights + bias; bias may be NULL. */
    MemorySegment matmul(MemorySegment src, MemorySegment weights, MemorySegment bias, MemorySegment dst, MemorySegment attributes) {
        return create("matrix product", out -> (int) matmulPrimitiveDescCreate.invokeExact(out, engine, src, weights, bias, dst, attributes));
    }

    /** A description of a 2-d convolution with stride 1 and the same padding on all sides. */
    MemorySegment convolution(MemorySegment src, MemorySegment weights, MemorySegment bias, MemorySegment dst, long padding, MemorySegment attributes) {
        try (var arena = Arena.ofConfined()) {
            var strides = arena.allocateFrom(JAVA_LONG, 1, 1);
            var dilates = arena.allocateFrom(JAVA_LONG, 0, 0);
            var paddings = arena.allocateFrom(JAVA_LONG, padding, padding);
            return create("convolution", out -> (int) convolutionPrimitiveDescCreate.invokeExact(out, engine, FORWARD_INFERENCE, CONVOLUTION_AUTO,
                    src, weights, bias, dst, strides, dilates, paddings, paddings, attributes));
        }
    }

    /** The layout that a primitive chose for its weights; owned by the description. */
    MemorySegment weightsLayout(MemorySegment primitiveDescription) {
        try {
            return (MemorySegment) primitiveDescQueryMd.invokeExact(primitiveDescription, QUERY_WEIGHTS_MD, 0);
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    /** The primitive of a description, which is destroyed. */
    MemorySegment primitive(MemorySegment description) {
        var primitive = create("primitive", out -> (int) primitiveCreate.invokeExact(out, description));
        destroyDescription(description);
        return primitive;
    }

    void destroyDescription(MemorySegment description) {
        check("primitive description", () -> (int) primitiveDescDestroy.invokeExact(description));
    }

    void destroyPrimitive(MemorySegment primitive) {
        check("primitive", () -> (int) primitiveDestroy.invokeExact(primitive));
    }

    /** Copies a tensor from one layout to another. */
    void reorder(MemorySegment fromLayout, MemorySegment from, MemorySegment toLayout, MemorySegment to) {
        var reorder = primitive(create("reorder",
                out -> (int) reorderPrimitiveDescCreate.invokeExact(out, fromLayout, engine, toLayout, engine, MemorySegment.NULL)));
        var source = memory(fromLayout, from);
        var target = memory(toLayout, to);
        try (var arena = Arena.ofConfined()) {
            execute("reorder", reorder, arguments(arena, ARG_SRC, source, ARG_DST, target), 2);
        } finally {
            destroyMemory(source);
            destroyMemory(target);
            destroyPrimitive(reorder);
        }
    }

    /** An argument list: argument number, memory, argument number, memory... */
    static MemorySegment arguments(Arena arena, Object... numbersAndMemories) {
        int count = numbersAndMemories.length / 2;
        var list = arena.allocate((long) count * ARG_BYTES, Long.BYTES);
        for (int i = 0; i < count; i++) {
            list.set(JAVA_INT, (long) i * ARG_BYTES, (Integer) numbersAndMemories[2 * i]);
            list.set(ADDRESS, (long) i * ARG_BYTES + Long.BYTES, (MemorySegment) numbersAndMemories[2 * i + 1]);
        }
        return list;
    }

    /** Runs a primitive; on the CPU it is done on return. */
    void execute(String what, MemorySegment primitive, MemorySegment arguments, int count) {
        try {
            check(what, (int) primitiveExecute.invokeExact(primitive, stream, count, arguments));
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    @FunctionalInterface
    private interface Creation {
        int into(MemorySegment out) throws Throwable;
    }

    @FunctionalInterface
    private interface Call {
        int run() throws Throwable;
    }

    private static MemorySegment create(String what, Creation creation) {
        try (var arena = Arena.ofConfined()) {
            var out = arena.allocate(ADDRESS);
            check(what, creation.into(out));
            return out.get(ADDRESS, 0);
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    private static void check(String what, Call call) {
        try {
            check(what, call.run());
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    private static void check(String what, int status) {
        if (status != 0) {
            throw new MaskleapException("oneDNN: " + what + " failed: " + (status < STATUS.length ? STATUS[status] : "status " + status));
        }
    }
}
