package io.maskleap.kernel;

import static io.maskleap.kernel.Comparison.assertSame;
import static io.maskleap.kernel.Refusal.BAD_ARGUMENT;
import static io.maskleap.kernel.Refusal.assertRefused;
import static io.maskleap.kernel.Refusal.nullMatrix;
import static io.maskleap.kernel.Refusal.nullOf;
import static io.maskleap.kernel.TestLibrary.onThreads;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EmbedTest {
    private static final int VOCABULARY = 13;
    private static final int POSITIONS = 1100;

    @AutoClose
    private final Memory memory = new Memory();

    private final Kernels kernels = TestLibrary.kernels();

    /** {@code positions}, {@code counts} and {@code positionTable} may be null. */
    private record Case(int sequences, int capacity, int stride, int C, int[] ids, int[] positions, int[] counts, float[] tokenTable,
            float[] positionTable) {
        static Case random(int sequences, int capacity, int stride, int C) {
            var seeded = new Seeded();
            return new Case(sequences, capacity, stride, C, seeded.ints((long) sequences * stride, VOCABULARY),
                    seeded.ints((long) sequences * stride, POSITIONS), null, seeded.normal((long) VOCABULARY * C, 1), seeded.normal((long) POSITIONS * C, 1));
        }

        Case withoutPositions() {
            return new Case(sequences, capacity, stride, C, ids, null, counts, tokenTable, positionTable);
        }

        Case withoutPositionTable() {
            return new Case(sequences, capacity, stride, C, ids, null, counts, tokenTable, null);
        }

        Case withCounts(int... newCounts) {
            return new Case(sequences, capacity, stride, C, ids, positions, newCounts, tokenTable, positionTable);
        }

        /** One float32 sum at most: no tolerance. */
        float[] expected() {
            var out = new float[sequences * capacity * C];
            for (int s = 0; s < sequences; s++) {
                for (int j = 0; j < (counts == null ? capacity : counts[s]); j++) {
                    int position = positions == null ? j : positions[s * stride + j];
                    for (int c = 0; c < C; c++) {
                        float added = positionTable == null ? 0 : positionTable[position * C + c];
                        out[(s * capacity + j) * C + c] = tokenTable[ids[s * stride + j] * C + c] + added;
                    }
                }
            }
            return out;
        }
    }

    private float[] run(Case c) {
        var out = memory.outputFloats((long) c.sequences * c.capacity * c.C);
        kernels.embed(new EmbedCall(c.sequences, c.capacity, c.stride, memory.input(c.ids).segment(), optional(c.positions), optional(c.counts),
                memory.input(c.tokenTable).matrix(VOCABULARY, c.C), c.positionTable == null ? null : memory.input(c.positionTable).matrix(POSITIONS, c.C),
                out.matrix((long) c.sequences * c.capacity, c.C)));
        return out.floats();
    }

    private MemorySegment optional(int[] values) {
        return values == null ? MemorySegment.NULL : memory.input(values).segment();
    }

    private void assertRight(Case c) {
        assertSame(c.expected(), run(c), c.sequences, c.capacity, c.C);
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1, 1", "2, 97, 97, 20", "5, 33, 40, 24", "1, 1025, 1025, 48", "0, 4, 4, 8"})
    void givenPositionsOwnPositionsAndNone(int sequences, int capacity, int stride, int C) {
        var c = Case.random(sequences, capacity, stride, C);
        assertRight(c);
        assertRight(c.withoutPositions());
        assertRight(c.withoutPositionTable());
    }

    @Test
    void rowsBeyondTheCountAreZero() {
        assertRight(Case.random(4, 7, 9, 24).withCounts(7, 0, 3, 1));
    }

    @Test
    void idsAndPositionsBeyondTheCountAreNotRead() {
        var c = Case.random(3, 5, 5, 8).withCounts(2, 0, 4);
        var ids = c.ids.clone();
        var positions = c.positions.clone();
        for (int s = 0; s < 3; s++) {
            Arrays.fill(ids, s * 5 + c.counts[s], s * 5 + 5, Integer.MAX_VALUE);
            Arrays.fill(positions, s * 5 + c.counts[s], s * 5 + 5, Integer.MIN_VALUE);
        }
        assertRight(new Case(3, 5, 5, 8, ids, positions, c.counts, c.tokenTable, c.positionTable));
    }

    @Test
    void oneThreadComputesTheSameAsTwo() {
        var c = Case.random(2, 1000, 1000, 384);
        assertSame(onThreads(1, () -> run(c)), onThreads(2, () -> run(c)), 2, 1000, 384);
    }

    // ---- refusals ----

    private final Case small = Case.random(1, 3, 3, 4);
    private final MemorySegment ids = memory.input(small.ids).segment();
    private final MemorySegment positions = memory.input(small.positions).segment();
    private final Tensor tokenTable = memory.input(small.tokenTable).matrix(VOCABULARY, 4);
    private final Tensor positionTable = memory.input(small.positionTable).matrix(POSITIONS, 4);
    private final Tensor out = memory.outputFloats(3 * 4).matrix(3, 4);

    private EmbedCall call(MemorySegment ids, MemorySegment positions, Tensor tokenTable, Tensor positionTable, Tensor out) {
        return new EmbedCall(1, 3, 3, ids, positions, MemorySegment.NULL, tokenTable, positionTable, out);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, VOCABULARY, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void refusesAnIdOutsideItsTable(int id) {
        TestLibrary.assumeCpu();
        var bad = memory.input(0, 1, id).segment();
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.embed(call(bad, positions, tokenTable, positionTable, out)), "embed", "id",
                Integer.toString(id), "13");
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, POSITIONS})
    void refusesAPositionOutsideItsTable(int position) {
        TestLibrary.assumeCpu();
        var bad = memory.input(position, 1, 0).segment();
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.embed(call(ids, bad, tokenTable, positionTable, out)), "embed", "position",
                Integer.toString(position), "1100");
    }

    @Test
    void refusesMoreRowsThanPositions() {
        var two = memory.input(new float[8]).matrix(2, 4);
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.embed(call(ids, MemorySegment.NULL, tokenTable, two, out)), "embed", "position", "2");
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 4})
    void refusesACountOutsideTheCapacity(int count) {
        TestLibrary.assumeCpu();
        var counts = memory.input(count).segment();
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.embed(new EmbedCall(1, 3, 3, ids, positions, counts, tokenTable, positionTable, out)),
                "embed", "count", Integer.toString(count));
    }

    @Test
    void refusesNegativeSizes() {
        var one = memory.outputFloats(4).matrix(1, 4);
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.embed(new EmbedCall(-1, -1, 3, ids, positions, MemorySegment.NULL, tokenTable, positionTable, one)),
                "embed", "-1");
    }

    @Test
    void refusesNullPointers() {
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.embed(call(nullOf(12), positions, tokenTable, positionTable, out)), "embed", "ids");
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.embed(call(ids, positions, nullMatrix(VOCABULARY, 4), positionTable, out)), "embed", "token_table");
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.embed(call(ids, positions, tokenTable, positionTable, nullMatrix(3, 4))), "embed", "out");
    }
}
