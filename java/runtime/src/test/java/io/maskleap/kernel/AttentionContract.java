package io.maskleap.kernel;

import static io.maskleap.kernel.Comparison.assertSame;
import static io.maskleap.kernel.Refusal.BAD_ARGUMENT;
import static io.maskleap.kernel.Refusal.BAD_SHAPE;
import static io.maskleap.kernel.Refusal.assertRefused;
import static io.maskleap.kernel.Refusal.nullMatrix;
import static io.maskleap.kernel.TestLibrary.onThreads;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What attention and cross-attention have in common: the same meaning over the same ragged batches. */
abstract class AttentionContract {
    @AutoClose
    final Memory memory = new Memory();

    final AttentionCase.Kernel kernel;
    private final String name;

    /** @param name of the operation in its error messages */
    AttentionContract(AttentionCase.Kernel kernel, String name) {
        this.kernel = kernel;
        this.name = name;
    }

    static Stream<Arguments> headSizesAndQueries() {
        return IntStream.of(8, 20, 24, 40, 48, 128).boxed()
                .flatMap(dim -> IntStream.of(1, 97, 257, 1025).mapToObj(queries -> Arguments.of(dim, queries)));
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "3, 8", "97, 20", "33, 24", "130, 64", "16, 127"})
    void aPackedSequenceOfAnyLength(int keys, int dim) {
        AttentionCase.random(Heads.of(3, dim), new int[] {61}, new int[] {keys}).assertRight(kernel, memory);
    }

    @Test
    void withoutKeysIsZero() {
        var zeros = AttentionCase.random(Heads.of(2, 24), new int[] {5, 97}, new int[] {0, 0});
        assertSame(new float[zeros.q().length], zeros.run(kernel, memory), zeros.rows(), 2, 24);
    }

    @Test
    void sequencesOfDifferentLengthsEmptyOnesAmongThem() {
        AttentionCase.random(Heads.of(2, 20), new int[] {5, 0, 97, 1, 33, 64}, new int[] {33, 7, 0, 257, 1, 64}).assertRight(kernel, memory);
    }

    @Test
    void sequencesThatShareKeysAndLeaveRowsBetween() {
        int[] offsets = {3, 40, 77, 114}; // rows 0 to 2 belong to nobody
        int[] keyOffsets = {10, 10, 4};
        AttentionCase.random(Heads.of(2, 48), offsets, keyOffsets, new int[] {33, 20, 40}).assertRight(kernel, memory);
    }

    @Test
    void boundsOfQueriesAndKeysMayBeLoose() {
        var c = AttentionCase.random(Heads.of(2, 24), new int[] {33, 70}, new int[] {20, 65});
        var tight = c.raggedness(memory);
        var out = memory.outputFloats(c.q().length);
        kernel.call(memory.input(c.q()).matrix(c.rows(), c.queryColumns()), memory.input(c.k()).matrix(c.keyRows(), c.keyColumns()),
                memory.input(c.v()).matrix(c.keyRows(), c.keyColumns()), out.matrix(c.rows(), c.queryColumns()),
                new Raggedness(tight.queryOffsets(), tight.keyOffsets(), tight.keyCounts(), 2, 4096, 8192), c.heads(), c.scale());
        assertSame(c.run(kernel, memory), out.floats(), c.rows(), 2, 24);
    }

    @Test
    void noSequenceWritesNothing() {
        var none = AttentionCase.random(Heads.of(2, 8), new int[] {4}, new int[0], new int[0]);
        for (float value : none.run(kernel, memory)) {
            assertTrue(Memory.isPoison(value));
        }
    }

    @ParameterizedTest
    @CsvSource({"6, 1", "6, 2", "6, 3"})
    void groupedKeyHeads(int queryHeads, int keyHeads) {
        AttentionCase.random(new Heads(queryHeads, keyHeads, 24), new int[] {50, 9}, new int[] {33, 70}).assertRight(kernel, memory);
    }

    @ParameterizedTest
    @ValueSource(floats = {0, 5, 30})
    void flatAndLargeLogits(float factor) {
        // Only the few rows with two almost equal logits decide the error: many rows, for a steady maximum of the plain one.
        AttentionCase.random(Heads.of(2, 40), new int[] {1025}, new int[] {97}).withLogitsTimes(factor).assertRight(kernel, memory);
    }

    /** Each query is a large multiple of one key, which takes all the weight. */
    @Test
    void peakyLogitsPickOneValue() {
        int keys = 129;
        var random = AttentionCase.random(Heads.of(1, 40), new int[] {keys}, new int[] {keys});
        var picked = new Seeded().permutation(keys);
        for (int row = 0; row < keys; row++) {
            for (int d = 0; d < 40; d++) {
                random.q()[row * 40 + d] = 1000 * random.k()[picked[row] * 40 + d];
            }
        }
        random.assertRight(kernel, memory);
    }

    @ParameterizedTest
    @ValueSource(ints = {33, 129})
    void logitsOfPlusAndMinusTenThousand(int keys) {
        int dim = 48;
        var normal = AttentionCase.random(Heads.of(1, dim), new int[] {2}, new int[] {keys});
        var q = new float[2 * dim];
        Arrays.fill(q, 0, dim, 100);
        Arrays.fill(q, dim, 2 * dim, -100);
        var k = new float[keys * dim];
        for (int j = 0; j < keys; j++) {
            Arrays.fill(k, j * dim, (j + 1) * dim, j % 3 == 0 ? 100 : -100);
        }
        new AttentionCase(normal.heads(), 1e4f / (100 * 100 * dim), q, k, normal.v(), normal.offsets(), normal.keyOffsets(), normal.keyCounts())
                .assertRight(kernel, memory);
    }

    @Test
    void slicesOfOneProduct() {
        int rows = 61;
        var heads = new Heads(6, 2, 20);
        var packed = AttentionCase.random(heads, new int[] {20, 41}, new int[] {20, 41});
        int width = packed.queryColumns() + 2 * packed.keyColumns();
        var product = new float[rows * width];
        for (int row = 0; row < rows; row++) {
            System.arraycopy(packed.q(), row * packed.queryColumns(), product, row * width, packed.queryColumns());
            System.arraycopy(packed.k(), row * packed.keyColumns(), product, row * width + packed.queryColumns(), packed.keyColumns());
            System.arraycopy(packed.v(), row * packed.keyColumns(), product, row * width + packed.queryColumns() + packed.keyColumns(), packed.keyColumns());
        }
        int margin = 3; // columns beside the output's: nobody writes them
        int outWidth = packed.queryColumns() + 2 * margin;
        var out = memory.outputFloats((long) rows * outWidth);
        var qkv = memory.input(product).matrix(rows, width);
        kernel.call(qkv.columns(0, packed.queryColumns()), qkv.columns(packed.queryColumns(), packed.keyColumns()),
                qkv.columns(packed.queryColumns() + packed.keyColumns(), packed.keyColumns()),
                out.matrix(rows, outWidth).columns(margin, packed.queryColumns()), packed.raggedness(memory), heads, packed.scale());

        var expected = memory.outputFloats((long) rows * outWidth).floats();
        var whole = packed.run(kernel, memory);
        for (int row = 0; row < rows; row++) {
            System.arraycopy(whole, row * packed.queryColumns(), expected, row * outWidth + margin, packed.queryColumns());
        }
        assertSame(expected, out.floats(), rows, outWidth);
    }

    @Test
    void everyOperandHasAStrideOfItsOwn() {
        var packed = AttentionCase.random(Heads.of(2, 20), new int[] {33}, new int[] {65});
        var out = memory.outputFloats(packed.q().length);
        kernel.call(spread(packed.q(), 40, 41), spread(packed.k(), 40, 47), spread(packed.v(), 40, 53), out.matrix(33, 40), packed.raggedness(memory),
                packed.heads(), packed.scale());
        assertSame(packed.run(kernel, memory), out.floats(), 33, 2, 20);
    }

    /** The rows with NaN between them. */
    private Tensor spread(float[] packed, int columns, int stride) {
        int rows = packed.length / columns;
        var spread = new float[rows * stride];
        Arrays.fill(spread, Float.NaN);
        for (int row = 0; row < rows; row++) {
            System.arraycopy(packed, row * columns, spread, row * stride, columns);
        }
        return new Tensor(memory.input(spread).segment(), Dtype.F32, rows, columns, stride);
    }

    @Test
    void aSequenceAloneIsTheSameAsInABatchOfFive() {
        var batch = AttentionCase.random(Heads.of(3, 24), new int[] {600, 600, 600, 600, 600}, new int[] {33, 65, 0, 200, 1});
        var together = batch.run(kernel, memory);
        for (int s = 0; s < batch.sequences(); s++) {
            int columns = batch.queryColumns();
            assertSame(batch.alone(s).run(kernel, memory),
                    Arrays.copyOfRange(together, batch.offsets()[s] * columns, batch.offsets()[s + 1] * columns), 600, 3, 24);
        }
    }

    @Test
    void oneThreadComputesTheSameAsTwo() {
        var large = AttentionCase.random(Heads.of(4, 48), new int[] {400, 300}, new int[] {400, 129});
        assertSame(onThreads(1, () -> large.run(kernel, memory)), onThreads(2, () -> large.run(kernel, memory)), large.rows(), 4, 48);
    }

    // ---- refusals ----

    private final AttentionCase small = AttentionCase.random(Heads.of(2, 8), new int[] {3}, new int[] {4});

    /** Calls with tensors that fit {@code heads}, so that only the kernel can refuse it. */
    private void callWith(Heads heads, Dtype dtype) {
        var q = memory.output(dtype, 3L * heads.queries() * heads.dim()).matrix(dtype, 3, (long) heads.queries() * heads.dim());
        var k = memory.output(dtype, 4L * heads.keys() * heads.dim()).matrix(dtype, 4, (long) heads.keys() * heads.dim());
        var out = memory.output(dtype, 3L * heads.queries() * heads.dim()).matrix(dtype, 3, (long) heads.queries() * heads.dim());
        kernel.call(q, k, k, out, small.raggedness(memory), heads, 1);
    }

    private void callWith(Raggedness raggedness) {
        var q = memory.input(small.q()).matrix(3, 16);
        var k = memory.input(small.k()).matrix(4, 16);
        kernel.call(q, k, k, memory.outputFloats(3 * 16).matrix(3, 16), raggedness, small.heads(), 1);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 129})
    void refusesAHeadSize(int dim) {
        assertRefused(BAD_SHAPE, memory, () -> callWith(Heads.of(2, dim), Dtype.F32), name, "head_dim", Integer.toString(dim), "128");
    }

    @Test
    void refusesKeyHeadsThatDoNotDivideTheHeads() {
        assertRefused(BAD_SHAPE, memory, () -> callWith(new Heads(6, 4, 8), Dtype.F32), name, "kv_heads", "6", "4");
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "1, 0"})
    void refusesNoHeads(int heads, int keyHeads) {
        assertRefused(BAD_SHAPE, memory, () -> callWith(new Heads(heads, keyHeads, 8), Dtype.F32), name, "heads", "0");
    }

    @Test
    void refusesNegativeSizes() {
        var good = small.raggedness(memory);
        for (var bad : List.of(new Raggedness(good.queryOffsets(), good.keyOffsets(), good.keyCounts(), -1, 3, 4),
                new Raggedness(good.queryOffsets(), good.keyOffsets(), good.keyCounts(), 1, -1, 4),
                new Raggedness(good.queryOffsets(), good.keyOffsets(), good.keyCounts(), 1, 3, -1))) {
            assertRefused(BAD_ARGUMENT, memory, () -> callWith(bad), name,
                    bad.sequences() < 0 ? "sequences" : bad.maxQueries() < 0 ? "max_queries" : "max_keys", "-1");
        }
    }

    @ParameterizedTest
    @CsvSource({"3, 2, 4, q_offsets, 2", "4, 4, 4, max_queries, 4", "-1, 2, 4, q_offsets, -1", "3, 3, 5, k_counts, 5", "3, 3, -1, k_counts, -1"})
    void refusesRaggednessThatContradictsItself(int second, int end, int keys, String argument, String number) {
        TestLibrary.assumeCpu();
        var offsets = memory.input(0, second, end);
        var bad = new Raggedness(offsets.segment(), memory.input(0, 0).segment(), memory.input(keys, 0).segment(), 2, 3, 4);
        assertRefused(BAD_ARGUMENT, memory, () -> callWith(bad), name, argument, number);
    }

    @Test
    void refusesRowsBeyondTheTensors() {
        TestLibrary.assumeCpu();
        var queries = new Raggedness(memory.input(1, 4).segment(), memory.input(0).segment(), memory.input(4).segment(), 1, 3, 4);
        assertRefused(BAD_ARGUMENT, memory, () -> callWith(queries), name, "q_offsets[1]=4", "q_rows=3");
        var keys = new Raggedness(memory.input(0, 3).segment(), memory.input(1).segment(), memory.input(4).segment(), 1, 3, 4);
        assertRefused(BAD_ARGUMENT, memory, () -> callWith(keys), name, "k_offsets[0]=1", "k_rows=4");
    }

    @Test
    void refusesNullPointers() {
        var good = small.raggedness(memory);
        var q = memory.input(small.q()).matrix(3, 16);
        var k = memory.input(small.k()).matrix(4, 16);
        var out = memory.outputFloats(3 * 16).matrix(3, 16);
        record Call(String argument, Tensor q, Tensor k, Tensor v, Tensor out, Raggedness raggedness) {}
        var nothing = Refusal.nullOf(64);
        for (var bad : List.of(new Call("q", nullMatrix(3, 16), k, k, out, good), new Call("k", q, nullMatrix(4, 16), k, out, good),
                new Call("v", q, k, nullMatrix(4, 16), out, good), new Call("out", q, k, k, nullMatrix(3, 16), good),
                new Call("q_offsets", q, k, k, out, new Raggedness(nothing, good.keyOffsets(), good.keyCounts(), 1, 3, 4)),
                new Call("k_offsets", q, k, k, out, new Raggedness(good.queryOffsets(), nothing, good.keyCounts(), 1, 3, 4)),
                new Call("k_counts", q, k, k, out, new Raggedness(good.queryOffsets(), good.keyOffsets(), nothing, 1, 3, 4)))) {
            assertRefused(BAD_ARGUMENT, memory, () -> kernel.call(bad.q, bad.k, bad.v, bad.out, bad.raggedness, small.heads(), 1), name, bad.argument);
        }
    }
}
