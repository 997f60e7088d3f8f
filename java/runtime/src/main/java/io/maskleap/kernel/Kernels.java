package io.maskleap.kernel;

import static java.lang.foreign.MemorySegment.NULL;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The kernels of one library, a typed method for each function of {@code native/include/maskleap.h}, whose comments say
 * what each computes. A method checks that its tensors hold what the function will touch, calls (through a {@link Recorder}), and
 * turns a status into a {@link KernelException}.
 *
 * <p>An instance writes its parameter structs into memory of its own: it belongs to one thread at a time.
 */
public final class Kernels {
    private static final int OK = 0;

    private final KernelLibrary library;
    private final MemorySegment stream;
    private final Recorder recorder;
    private final Arena structs = Arena.ofAuto(); // lives as long as this does

    private final StructWriter attentionParams;
    private final StructWriter addNormParams;
    private final StructWriter embedParams;
    private final StructWriter gatherParams;
    private final StructWriter sampleParams;
    private final StructWriter selectParams;
    private final StructWriter ropeParams;
    private final StructWriter groupNormParams;

    private final MemorySegment threadsGot;

    private final MethodHandle setThreads;
    private final MethodHandle attention;
    private final MethodHandle crossAttention;
    private final MethodHandle softmaxRows;
    private final MethodHandle addLayerNorm;
    private final MethodHandle addRmsNorm;
    private final MethodHandle add;
    private final MethodHandle convert;
    private final MethodHandle activation;
    private final MethodHandle swiglu;
    private final MethodHandle rope;
    private final MethodHandle timeEmbedding;
    private final MethodHandle modulate;
    private final MethodHandle embed;
    private final MethodHandle gatherRows;
    private final MethodHandle philoxUniform;
    private final MethodHandle sample;
    private final MethodHandle select;
    private final MethodHandle groupNorm;
    private final MethodHandle upsample;
    private final MethodHandle toRgb;

    /** Binds the functions of {@code library}, while it is open; all calls go to {@code stream} (NULL for the CPU). */
    public Kernels(KernelLibrary library, MemorySegment stream) {
        this(library, stream, new Recorder());
    }

    /** As {@link #Kernels(KernelLibrary, MemorySegment)}, with calls that {@code recorder} makes. */
    public Kernels(KernelLibrary library, MemorySegment stream, Recorder recorder) {
        this.library = library;
        this.stream = stream;
        this.recorder = recorder;
        attentionParams = struct(ParameterStruct.ATTENTION);
        addNormParams = struct(ParameterStruct.ADD_NORM);
        embedParams = struct(ParameterStruct.EMBED);
        gatherParams = struct(ParameterStruct.GATHER);
        sampleParams = struct(ParameterStruct.SAMPLE);
        selectParams = struct(ParameterStruct.SELECT);
        ropeParams = struct(ParameterStruct.ROPE);
        groupNormParams = struct(ParameterStruct.GROUP_NORM);
        threadsGot = structs.allocate(JAVA_INT);
        setThreads = library.function("leap_set_threads", JAVA_INT, JAVA_INT, ADDRESS);
        attention = function("leap_attention", ADDRESS);
        crossAttention = function("leap_cross_attention", ADDRESS);
        softmaxRows = function("leap_softmax_rows", JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_FLOAT);
        addLayerNorm = function("leap_add_layer_norm", ADDRESS);
        addRmsNorm = function("leap_add_rms_norm", ADDRESS);
        add = function("leap_add", JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG);
        convert = function("leap_convert", JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_LONG);
        activation = function("leap_activation", JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG);
        swiglu = function("leap_swiglu", JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG);
        rope = function("leap_rope", ADDRESS);
        timeEmbedding = function("leap_time_embedding", ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG);
        modulate = function("leap_modulate", ADDRESS, ADDRESS, ADDRESS, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
        embed = function("leap_embed", ADDRESS);
        gatherRows = function("leap_gather_rows", ADDRESS);
        philoxUniform = function("leap_philox_uniform", JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_LONG);
        sample = function("leap_sample", ADDRESS);
        select = function("leap_select", ADDRESS);
        groupNorm = function("leap_group_norm", ADDRESS);
        upsample = function("leap_upsample_nearest_2x", JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
        toRgb = function("leap_to_rgb", JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, JAVA_FLOAT, JAVA_FLOAT);
    }

    private StructWriter struct(ParameterStruct struct) {
        return new StructWriter(structs, struct.name(), struct.bytes);
    }

    /** A function whose first argument is the stream. */
    private MethodHandle function(String name, MemoryLayout... arguments) {
        var all = new MemoryLayout[arguments.length + 1];
        all[0] = ADDRESS;
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        return library.function(name, JAVA_INT, all);
    }

    /**
     * Asks for a number of OpenMP threads for calls from this thread.
     *
     * @param threads 1 or more
     * @return how many it has from now on: fewer if the environment or the system limits them
     */
    public int setThreads(int threads) {
        try {
            check((int) setThreads.invokeExact(threads, threadsGot));
            return threadsGot.get(JAVA_INT, 0);
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    /** Bidirectional attention over long key lists; q, out: (rows, heads * dim), k, v: (key rows, key heads * dim). */
    public void attention(Tensor q, Tensor k, Tensor v, Tensor out, Raggedness raggedness, Heads heads, float scale) {
        var params = attentionParams("attention", q, k, v, out, raggedness, heads, scale);
        call(attention, params);
    }

    /** Attention to a short list of keys, arguments as of {@link #attention}. */
    public void crossAttention(Tensor q, Tensor k, Tensor v, Tensor out, Raggedness raggedness, Heads heads, float scale) {
        var params = attentionParams("cross-attention", q, k, v, out, raggedness, heads, scale);
        call(crossAttention, params);
    }

    private MemorySegment attentionParams(String kernel, Tensor q, Tensor k, Tensor v, Tensor out, Raggedness raggedness, Heads heads, float scale) {
        requireColumns(kernel, "q", q, (long) heads.queries() * heads.dim());
        requireColumns(kernel, "k", k, (long) heads.keys() * heads.dim());
        requireColumns(kernel, "v", v, (long) heads.keys() * heads.dim());
        requireColumns(kernel, "out", out, (long) heads.queries() * heads.dim());
        requireRows(kernel, "out", out, q.rows());
        requireRows(kernel, "v", v, k.rows());
        requireDtype(kernel, "k", k, q.dtype());
        requireDtype(kernel, "v", v, q.dtype());
        requireDtype(kernel, "out", out, q.dtype());
        requireInts(kernel, "query offsets", raggedness.queryOffsets(), raggedness.sequences() + 1);
        requireInts(kernel, "key offsets", raggedness.keyOffsets(), raggedness.sequences());
        requireInts(kernel, "key counts", raggedness.keyCounts(), raggedness.sequences());
        return attentionParams.begin()
                .pointer(q.data()).pointer(k.data()).pointer(v.data()).pointer(out.data())
                .int64(q.stride()).int64(k.stride()).int64(v.stride()).int64(out.stride())
                .pointer(raggedness.queryOffsets()).pointer(raggedness.keyOffsets()).pointer(raggedness.keyCounts())
                .int64(q.rows()).int64(k.rows())
                .int32(raggedness.sequences()).int32(heads.queries()).int32(heads.keys()).int32(heads.dim())
                .int32(raggedness.maxQueries()).int32(raggedness.maxKeys())
                .float32(scale).dtype(q.dtype())
                .end();
    }

    /** x = softmax(scale * x) by row, in place. */
    public void softmaxRows(Tensor x, float scale) {
        requireContiguous("softmax", "x", x);
        recorder.call(() -> check((int) softmaxRows.invokeExact(stream, x.dtype().code, x.data(), x.rows(), x.columns(), scale)));
    }

    /**
     * residual += delta (where it is not null), y = LayerNorm(residual).
     *
     * @param residual (rows, C) float32
     * @param delta    (rows, C), or null
     * @param gamma    (1, C) float32
     * @param beta     (1, C) float32
     * @param y        (rows, C)
     */
    public void addLayerNorm(Tensor residual, Tensor delta, Tensor gamma, Tensor beta, Tensor y, float eps) {
        var kernel = "add + layer norm";
        requireDtype(kernel, "residual", residual, Dtype.F32);
        requireVector(kernel, "beta", beta, residual.columns());
        var params = addNormParams(kernel, residual, delta, gamma, beta, y, eps);
        call(addLayerNorm, params);
    }

    /**
     * residual += delta (where it is not null), y = RMSNorm(residual); residual: (rows, C), the others as of {@link #addLayerNorm}.
     */
    public void addRmsNorm(Tensor residual, Tensor delta, Tensor gamma, Tensor y, float eps) {
        var params = addNormParams("add + RMS norm", residual, delta, gamma, null, y, eps);
        call(addRmsNorm, params);
    }

    private MemorySegment addNormParams(String kernel, Tensor residual, Tensor delta, Tensor gamma, Tensor beta, Tensor y, float eps) {
        long C = residual.columns();
        requireContiguous(kernel, "residual", residual);
        requireContiguous(kernel, "y", y);
        requireShape(kernel, "y", y, residual.rows(), C);
        requireVector(kernel, "gamma", gamma, C);
        if (delta != null) {
            requireContiguous(kernel, "delta", delta);
            requireShape(kernel, "delta", delta, residual.rows(), C);
        }
        return addNormParams.begin()
                .pointer(residual.data()).pointer(delta == null ? NULL : delta.data())
                .pointer(gamma.data()).pointer(beta == null ? NULL : beta.data()).pointer(y.data())
                .int64(residual.rows()).int64(C)
                .dtype(residual.dtype()).dtype(delta == null ? y.dtype() : delta.dtype()).dtype(y.dtype())
                .float32(eps)
                .end();
    }

    /** y += x; y: float32. */
    public void add(Tensor x, Tensor y) {
        requireContiguous("add", "x", x);
        requireContiguous("add", "y", y);
        requireShape("add", "y", y, x.rows(), x.columns());
        requireDtype("add", "y", y, Dtype.F32);
        recorder.call(() -> check((int) add.invokeExact(stream, x.dtype().code, x.data(), y.data(), x.rows() * x.columns())));
    }

    /** y = x, rounded to y's dtype. */
    public void convert(Tensor x, Tensor y) {
        requireContiguous("convert", "x", x);
        requireContiguous("convert", "y", y);
        requireShape("convert", "y", y, x.rows(), x.columns());
        recorder.call(() -> check((int) convert.invokeExact(stream, x.dtype().code, x.data(), y.dtype().code, y.data(), x.rows() * x.columns())));
    }

    /**
     * y = activation(x + bias); x, y: (rows, C), may be the same; bias: (1, C) float32 or null.
     *
     * @throws IllegalArgumentException for {@link Activation#NONE} without a bias, which computes nothing
     */
    public void activation(Activation kind, Tensor x, Tensor bias, Tensor y) {
        requireContiguous("activation", "x", x);
        requireContiguous("activation", "y", y);
        requireShape("activation", "y", y, x.rows(), x.columns());
        requireDtype("activation", "y", y, x.dtype());
        if (bias != null) {
            requireVector("activation", "bias", bias, x.columns());
        }
        int code = switch (kind) {
            case GELU_ERF -> 0;
            case SILU -> 1;
            case NONE -> {
                if (bias == null) {
                    throw new IllegalArgumentException("activation: NONE without a bias computes nothing");
                }
                yield 2;
            }
        };
        var biasData = bias == null ? NULL : bias.data();
        recorder.call(() -> check((int) activation.invokeExact(stream, x.dtype().code, code, x.data(), biasData, y.data(), x.rows(), x.columns())));
    }

    /** y = silu(gate) * up; gate, up: (rows, C) with the same stride, as halves of one product have; y: (rows, C) without gaps. */
    public void swiglu(Tensor gate, Tensor up, Tensor y) {
        requireShape("swiglu", "up", up, gate.rows(), gate.columns());
        requireShape("swiglu", "y", y, gate.rows(), gate.columns());
        requireDtype("swiglu", "up", up, gate.dtype());
        requireDtype("swiglu", "y", y, gate.dtype());
        requireContiguous("swiglu", "y", y);
        if (up.stride() != gate.stride()) {
            throw shape("swiglu", "up", "stride " + up.stride(), gate.stride() + " as gate");
        }
        recorder.call(() -> check((int) swiglu.invokeExact(stream, gate.dtype().code, gate.data(), up.data(), gate.stride(), y.data(), gate.rows(),
                gate.columns())));
    }

    /**
     * Rotary position embedding in place.
     *
     * @param x           (rows, heads * head_dim): queries, keys, or both side by side
     * @param positions   (rows) int32, device: each row's position within its sequence
     * @param frequencies (1, head_dim / 2) float32: theta^(-2i / head_dim)
     */
    public void rope(Tensor x, MemorySegment positions, Tensor frequencies, int heads) {
        int headDim = Math.toIntExact(2 * frequencies.columns());
        requireColumns("rope", "x", x, (long) heads * headDim);
        requireInts("rope", "positions", positions, x.rows());
        requireVector("rope", "frequencies", frequencies, frequencies.columns());
        var params = ropeParams.begin()
                .pointer(x.data()).pointer(positions).pointer(frequencies.data())
                .int64(x.stride()).int64(x.rows()).int32(heads).int32(headDim).dtype(x.dtype()).int32(0)
                .end();
        call(rope, params);
    }

    /** Sinusoids of 1000 * maskRatio; maskRatios: out.rows() float32, device; out: (n, 2 * half) float32. */
    public void timeEmbedding(MemorySegment maskRatios, Tensor out) {
        requireContiguous("time embedding", "out", out);
        requireDtype("time embedding", "out", out, Dtype.F32);
        if (out.columns() % 2 != 0) {
            throw shape("time embedding", "out", out.columns() + " columns", "an even number: cosines and sines");
        }
        requireBytes("time embedding", "mask ratios", maskRatios, out.rows() * Float.BYTES);
        recorder.call(() -> check((int) timeEmbedding.invokeExact(stream, maskRatios, out.rows(), out.data(), out.columns() / 2)));
    }

    /** y = x * (1 + scale) + shift; modulation: (x.rows() / rowsPerModulation rounded up, 2 C), scale first. */
    public void modulate(Tensor x, Tensor modulation, Tensor y, long rowsPerModulation) {
        requireContiguous("modulate", "x", x);
        requireContiguous("modulate", "modulation", modulation);
        requireContiguous("modulate", "y", y);
        requireShape("modulate", "y", y, x.rows(), x.columns());
        requireDtype("modulate", "x", x, Dtype.F32);
        requireDtype("modulate", "modulation", modulation, Dtype.F32);
        requireColumns("modulate", "modulation", modulation, 2 * x.columns());
        if (rowsPerModulation > 0) { // the kernel refuses what is not positive
            requireRows("modulate", "modulation", modulation, Math.ceilDiv(x.rows(), rowsPerModulation));
        }
        recorder.call(() -> check((int) modulate.invokeExact(stream, x.data(), modulation.data(), y.data(), y.dtype().code, x.rows(), x.columns(),
                rowsPerModulation)));
    }

    /** Token embeddings, plus position embeddings. */
    public void embed(EmbedCall call) {
        var kernel = "embed";
        var tokens = call.tokenTable();
        var positions = call.positionTable();
        long ids = call.sequences() == 0 ? 0 : (call.sequences() - 1) * call.idsStride() + call.capacity();
        requireInts(kernel, "ids", call.ids(), ids);
        requireOptionalBytes(kernel, "positions", call.positions(), ids * Integer.BYTES);
        requireOptionalBytes(kernel, "counts", call.counts(), call.sequences() * Integer.BYTES);
        requireContiguous(kernel, "token table", tokens);
        requireContiguous(kernel, "out", call.out());
        requireShape(kernel, "out", call.out(), call.sequences() * call.capacity(), tokens.columns());
        if (positions != null) {
            requireContiguous(kernel, "position table", positions);
            requireColumns(kernel, "position table", positions, tokens.columns());
        }
        var params = embedParams.begin()
                .pointer(call.ids()).pointer(call.positions()).pointer(call.counts())
                .pointer(tokens.data()).pointer(positions == null ? NULL : positions.data()).pointer(call.out().data())
                .int64(call.idsStride()).int64(call.sequences()).int64(call.capacity()).int64(tokens.columns())
                .int64(tokens.rows()).int64(positions == null ? 0 : positions.rows())
                .dtype(tokens.dtype()).dtype(call.out().dtype())
                .end();
        call(embed, params);
    }

    /**
     * The rows that are still masked, packed for the head.
     *
     * @param x          (rows, C)
     * @param rowOffsets (B * sequencesPerImage) int32, device: first row of each sequence
     * @param positions  (B, tokens) int32, device: masked grid positions
     * @param step       a {@link StepBlock}, device
     * @param out        (B * sequencesPerImage * rowCapacity, C)
     */
    public void gatherRows(BatchShape grid, Tensor x, MemorySegment rowOffsets, MemorySegment positions, MemorySegment step, Tensor out, long rowCapacity) {
        var kernel = "gather rows";
        requireContiguous(kernel, "x", x);
        requireContiguous(kernel, "out", out);
        requireShape(kernel, "out", out, grid.sequences() * rowCapacity, x.columns());
        requireInts(kernel, "row offsets", rowOffsets, grid.sequences());
        requireInts(kernel, "positions", positions, (long) grid.images() * grid.tokens());
        requirePositionRows(kernel, grid);
        requireDtype(kernel, "out", out, x.dtype());
        requireBytes(kernel, "step", step, StepBlock.BYTES);
        var params = gatherParams.begin()
                .pointer(x.data()).pointer(rowOffsets).pointer(positions).pointer(grid.positionRows()).pointer(step).pointer(out.data())
                .int64(grid.images()).int64(grid.sequencesPerImage()).int64(rowCapacity).int64(grid.tokens()).int64(x.columns())
                .dtype(x.dtype()).int32(0)
                .end();
        call(gatherRows, params);
    }

    /** The uniforms of one Philox key and counter line; out: n float32, device. */
    public void philoxUniform(long seed, int firstIndex, int position, int step, int purpose, MemorySegment out, long n) {
        requireBytes("philox", "out", out, n * Float.BYTES);
        recorder.call(() -> check((int) philoxUniform.invokeExact(stream, seed, firstIndex, position, step, purpose, out, n)));
    }

    /** The fused token sampler. */
    public void sample(SampleCall call) {
        var kernel = "sample";
        var grid = call.grid();
        var logits = call.logits();
        long cells = (long) grid.images() * grid.tokens();
        requireContiguous(kernel, "logits", logits);
        requireRows(kernel, "logits", logits, grid.sequences() * call.rowCapacity());
        if (call.bias() != null) {
            requireDtype(kernel, "bias", call.bias(), Dtype.F32);
            requireRows(kernel, "bias", call.bias(), grid.tokens());
            if (call.bias().columns() < logits.columns()) {
                throw shape(kernel, "bias", call.bias().columns() + " columns", "at least " + logits.columns());
            }
        }
        requireInts(kernel, "positions", call.positions(), cells);
        if (call.uDraw().equals(NULL) || call.uConfidence().equals(NULL)) {
            requireBytes(kernel, "seeds", call.seeds(), (long) grid.images() * Long.BYTES);
        }
        long draws = call.draw() == SampleCall.Draw.GUMBEL_MAX ? grid.images() * call.rowCapacity() * logits.columns() : cells;
        requireOptionalBytes(kernel, "uniforms of the draw", call.uDraw(), draws * Double.BYTES);
        requireOptionalBytes(kernel, "uniforms of the confidence", call.uConfidence(), cells * Double.BYTES);
        requireBytes(kernel, "step", call.step(), StepBlock.BYTES);
        requireInts(kernel, "sampled", call.sampled(), cells);
        requireBytes(kernel, "confidence", call.confidence(), cells * Float.BYTES);
        var params = sampleParams.begin()
                .pointer(logits.data()).pointer(call.bias() == null ? NULL : call.bias().data()).int64(call.bias() == null ? 0 : call.bias().stride())
                .pointer(call.positions()).pointer(call.seeds()).pointer(call.uDraw()).pointer(call.uConfidence())
                .pointer(call.step()).pointer(call.sampled()).pointer(call.confidence())
                .int64(grid.images()).int64(grid.sequencesPerImage()).int64(call.rowCapacity()).int64(grid.tokens()).int64(logits.columns())
                .dtype(logits.dtype()).int32(call.draw().ordinal()).dtype(call.noise()).int32(0)
                .end();
        call(sample, params);
    }

    /** Top-k, scatter and compaction. */
    public void select(SelectCall call) {
        var kernel = "select";
        var grid = call.grid();
        long cells = (long) grid.images() * grid.tokens();
        requireInts(kernel, "sampled", call.sampled(), cells);
        requireBytes(kernel, "confidence", call.confidence(), cells * Float.BYTES);
        requireInts(kernel, "positions", call.positions(), cells);
        requireInts(kernel, "codes", call.codes(), cells);
        if (!call.ids().equals(NULL)) {
            requireInts(kernel, "id offsets", call.idOffsets(), grid.sequences());
        }
        requirePositionRows(kernel, grid);
        requireInts(kernel, "new codes", call.newCodes(), cells);
        requireInts(kernel, "new positions", call.newPositions(), cells);
        requireInts(kernel, "new counts", call.newCounts(), grid.images());
        requireBytes(kernel, "step", call.step(), StepBlock.BYTES);
        var params = selectParams.begin()
                .pointer(call.sampled()).pointer(call.confidence()).pointer(call.positions()).pointer(call.codes())
                .pointer(call.ids()).pointer(call.idOffsets()).pointer(grid.positionRows())
                .pointer(call.newCodes()).pointer(call.newPositions()).pointer(call.newCounts()).pointer(call.step())
                .int64(grid.images()).int64(grid.sequencesPerImage()).int64(grid.tokens())
                .int32(call.idOffset()).int32(0)
                .end();
        call(select, params);
    }

    /** GroupNorm, then swish where asked. */
    public void groupNorm(GroupNormCall call) {
        var kernel = "group norm";
        var x = call.x();
        var y = call.y();
        requireContiguous(kernel, "x", x);
        requireContiguous(kernel, "y", y);
        requireShape(kernel, "y", y, x.rows(), x.columns());
        requireDtype(kernel, "y", y, x.dtype());
        requireVector(kernel, "gamma", call.gamma(), x.columns());
        requireVector(kernel, "beta", call.beta(), x.columns());
        requireBytes(kernel, "scratch", call.scratch(), GroupNormCall.scratchBytes(call.images(), call.groups()));
        long pixels = call.images() > 0 ? x.rows() / call.images() : x.rows(); // the kernel refuses what is not positive
        var params = groupNormParams.begin()
                .pointer(x.data()).pointer(call.gamma().data()).pointer(call.beta().data()).pointer(y.data())
                .pointer(call.scratch()).int64(call.scratch().byteSize())
                .int64(call.images()).int64(pixels).int64(x.columns()).int64(call.groups())
                .float32(call.eps()).dtype(x.dtype()).int32(call.swish() ? 1 : 0).int32(0)
                .end();
        call(groupNorm, params);
    }

    /** Nearest neighbour, factor 2; x: (N * h * w, C), y: (N * 2h * 2w, C), channels-last. */
    public void upsampleNearest2x(Tensor x, Tensor y, long images, long height, long width) {
        requireContiguous("upsample", "x", x);
        requireContiguous("upsample", "y", y);
        requireRows("upsample", "x", x, images * height * width);
        requireShape("upsample", "y", y, 4 * x.rows(), x.columns());
        requireDtype("upsample", "y", y, x.dtype());
        recorder.call(() -> check((int) upsample.invokeExact(stream, x.dtype().code, x.data(), y.data(), images, height, width, x.columns())));
    }

    /** Clamps to low..high and maps to 0..255; rgb: a byte for each element of x. */
    public void toRgb(Tensor x, MemorySegment rgb, float low, float high) {
        requireContiguous("to rgb", "x", x);
        requireBytes("to rgb", "rgb", rgb, x.rows() * x.columns());
        recorder.call(() -> check((int) toRgb.invokeExact(stream, x.dtype().code, x.data(), rgb, x.rows() * x.columns(), low, high)));
    }

    private void call(MethodHandle function, MemorySegment params) {
        var kept = recorder.kept(params);
        recorder.call(() -> check((int) function.invokeExact(stream, kept)));
    }

    private void check(int status) {
        if (status != OK) {
            throw new KernelException(status, library.lastError());
        }
    }

    private static void requireContiguous(String kernel, String name, Tensor tensor) {
        if (!tensor.isContiguous()) {
            throw shape(kernel, name, "stride " + tensor.stride(), tensor.columns() + ": rows without gaps");
        }
    }

    private static void requireRows(String kernel, String name, Tensor tensor, long rows) {
        if (tensor.rows() != rows) {
            throw shape(kernel, name, tensor.rows() + " rows", Long.toString(rows));
        }
    }

    private static void requireColumns(String kernel, String name, Tensor tensor, long columns) {
        if (tensor.columns() != columns) {
            throw shape(kernel, name, tensor.columns() + " columns", Long.toString(columns));
        }
    }

    private static void requireShape(String kernel, String name, Tensor tensor, long rows, long columns) {
        requireRows(kernel, name, tensor, rows);
        requireColumns(kernel, name, tensor, columns);
    }

    /** A float32 tensor of one row, as weights of norms and biases are. */
    private static void requireVector(String kernel, String name, Tensor tensor, long columns) {
        requireShape(kernel, name, tensor, 1, columns);
        requireDtype(kernel, name, tensor, Dtype.F32);
    }

    private static void requireDtype(String kernel, String name, Tensor tensor, Dtype dtype) {
        if (tensor.dtype() != dtype) {
            throw shape(kernel, name, "dtype " + tensor.dtype(), dtype.toString());
        }
    }

    private static void requirePositionRows(String kernel, BatchShape grid) {
        requireOptionalBytes(kernel, "position rows", grid.positionRows(), (long) grid.sequencesPerImage() * grid.tokens() * Integer.BYTES);
    }

    private static void requireInts(String kernel, String name, MemorySegment segment, long count) {
        requireBytes(kernel, name, segment, count * Integer.BYTES);
    }

    private static void requireOptionalBytes(String kernel, String name, MemorySegment segment, long bytes) {
        if (!segment.equals(NULL)) {
            requireBytes(kernel, name, segment, bytes);
        }
    }

    private static void requireBytes(String kernel, String name, MemorySegment segment, long bytes) {
        if (segment.byteSize() < bytes) {
            throw shape(kernel, name, segment.byteSize() + " bytes", "at least " + bytes);
        }
    }

    private static IllegalArgumentException shape(String kernel, String name, String got, String wanted) {
        return new IllegalArgumentException(kernel + ": " + name + " has " + got + ", wanted " + wanted);
    }
}
