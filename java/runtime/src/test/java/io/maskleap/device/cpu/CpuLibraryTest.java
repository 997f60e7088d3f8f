package io.maskleap.device.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.error.MaskleapException;
import org.junit.jupiter.api.Test;

class CpuLibraryTest {

    @Test
    void everyProcessorHasTheLastLevel() {
        var level = CpuLibrary.LEVELS.getLast();
        try (var library = CpuLibrary.ofLevel(level)) {
            assertTrue(library.info().contains(", " + level + " ("), library.info());
        }
    }

    @Test
    void levelThatDoesNotExistIsNamedWithThoseThatDo() {
        assertEquals("MASKLEAP_ISA=sse9 is no instruction set of this library (" + String.join(", ", CpuLibrary.LEVELS) + ")",
                assertThrows(MaskleapException.class, () -> CpuLibrary.ofLevel("sse9")).getMessage());
    }
}
