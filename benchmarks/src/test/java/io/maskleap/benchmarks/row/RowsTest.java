package io.maskleap.benchmarks.row;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.kernel.Dtype;
import org.junit.jupiter.api.Test;

class RowsTest {
    @Test
    void namesAreUniqueAndWithoutCommas() {
        var names = Rows.all().stream().map(Row::name).toList();
        assertEquals(names.size(), names.stream().distinct().count());
        names.forEach(name -> assertFalse(name.contains(","), name));
    }

    @Test
    void rowsAndCeilingsAreFoundByName() {
        for (var row : Rows.all()) {
            assertEquals(row, Rows.named(row.name()));
        }
        for (var product : Ceilings.products()) {
            assertEquals(product, Rows.named(product.name()));
        }
        assertEquals(Ceilings.copy(3e6).name(), Rows.named("copy 4 MB").name());
        assertThrows(IllegalArgumentException.class, () -> Rows.named("copy 1e9 MB"));
    }

    @Test
    void theStepsOfAComposedImageAreRows() {
        for (var name : new String[] {Rows.FULL_STEP, Rows.SHORTCUT_STEP, Rows.DECODE}) {
            assertTrue(Rows.all().stream().anyMatch(row -> row.name().equals(name)), name);
        }
    }

    @Test
    void aCopyTouchesAtLeastAsManyBytes() {
        assertEquals(1e6, Ceilings.copy(1).work().apply(Dtype.F32).bytes());
        assertEquals(4e6, Ceilings.copy(4e6).work().apply(Dtype.F32).bytes());
        assertEquals(8e6, Ceilings.copy(4.1e6).work().apply(Dtype.F32).bytes());
    }

    @Test
    void everyKernelRowStatesItsWork() {
        for (var row : Rows.all()) {
            if (row.name().contains("x")) {
                var work = row.work().apply(Dtype.BF16);
                assertTrue(work.bytes() > 0 || work.operations() > 0, row.name());
            }
        }
    }
}
