package io.maskleap.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.maskleap.RgbImage;
import io.maskleap.error.MaskleapException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class SheetTest {
    private static final int WHITE = 0xffffff;
    private static final int GREY = 0x9a9a9a;
    private static final int ORANGE = 0xe6550d;
    private static final int BLUE = 0x3182bd;

    private static RgbImage plain(int width, int height, int value) {
        var rgb = new byte[width * height * 3];
        Arrays.fill(rgb, (byte) value);
        return new RgbImage(width, height, rgb);
    }

    private static int pixel(RgbImage image, int x, int y) {
        int i = (y * image.width() + x) * 3;
        return (image.rgb()[i] & 0xff) << 16 | (image.rgb()[i + 1] & 0xff) << 8 | image.rgb()[i + 2] & 0xff;
    }

    @Test
    void imagesStandInRowsWithGaps() {
        var sheet = Sheet.of(List.of(List.of(plain(4, 3, 1), plain(4, 3, 2)), List.of(plain(4, 3, 3))), 2);
        assertEquals(2 + 2 * (8 + 2), sheet.width());
        assertEquals(2 + 2 * (6 + 2), sheet.height());
        assertEquals(WHITE, pixel(sheet, 1, 1));
        assertEquals(0x010101, pixel(sheet, 2, 2));
        assertEquals(0x010101, pixel(sheet, 9, 7));
        assertEquals(WHITE, pixel(sheet, 10, 2));
        assertEquals(0x020202, pixel(sheet, 12, 2));
        assertEquals(0x030303, pixel(sheet, 2, 10));
        assertEquals(WHITE, pixel(sheet, 12, 10));
    }

    @Test
    void enlargedPixelsAreSquares() {
        var enlarged = Canvas.enlarged(new RgbImage(2, 1, new byte[] {1, 2, 3, 4, 5, 6}), 2);
        assertArrayEquals(new byte[] {1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6, 1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6}, enlarged.rgb());
    }

    @Test
    void frameHidesMaskedTokensAndTellsTheStepsKind() {
        var codes = new int[] {7, -1, -1, 7};
        var full = FilmFrame.of(plain(8, 8, 1), codes, true);
        assertEquals(0x010101, pixel(full, 3, 3));
        assertEquals(GREY, pixel(full, 4, 3));
        assertEquals(GREY, pixel(full, 3, 4));
        assertEquals(0x010101, pixel(full, 4, 4));
        assertEquals(WHITE, pixel(full, 0, 8));
        assertEquals(ORANGE, pixel(full, 0, full.height() - 1));
        assertEquals(BLUE, pixel(FilmFrame.of(plain(8, 8, 1), codes, false), 7, full.height() - 1));
    }

    @Test
    void gridHasARowForEachClassOrIsSquare() {
        assertEquals(5, GridOutput.columns(10, 5));
        assertEquals(4, GridOutput.columns(10, 1));
        assertEquals(3, GridOutput.columns(1, 9));
        assertEquals(1, GridOutput.columns(1, 1));
    }

    @Test
    void sheetBeyondAnArrayIsRefused() {
        assertDoesNotThrow(() -> Sheet.requireFits(100, 100, 64, 64, 4));
        assertThrows(MaskleapException.class, () -> Sheet.requireFits(100, 100, 64, 64, 5));
        assertThrows(MaskleapException.class, () -> Sheet.requireFits(Long.MAX_VALUE, Long.MAX_VALUE, 512, 512, Integer.MAX_VALUE));
    }
}
