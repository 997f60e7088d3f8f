package io.maskleap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.error.MaskleapException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import javax.imageio.ImageIO;
import javax.imageio.metadata.IIOMetadataNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The PNG as another decoder reads it. */
class RgbImageTest {
    @TempDir
    private Path folder;

    private static RgbImage random(int width, int height) {
        var rgb = new byte[3 * width * height];
        new Random(3).nextBytes(rgb);
        return new RgbImage(width, height, rgb);
    }

    @Test
    void pixelsComeBackAsTheyWere() throws IOException {
        var image = random(17, 5);
        var path = folder.resolve("a.png");
        image.writePng(path, Map.of());
        var read = ImageIO.read(path.toFile());
        var rgb = new byte[image.rgb().length];
        for (int i = 0; i < 17 * 5; i++) {
            int pixel = read.getRGB(i % 17, i / 17);
            rgb[3 * i] = (byte) (pixel >> 16);
            rgb[3 * i + 1] = (byte) (pixel >> 8);
            rgb[3 * i + 2] = (byte) pixel;
        }
        assertArrayEquals(image.rgb(), rgb);
    }

    @Test
    void textChunksCanBeRead() throws IOException {
        var text = new LinkedHashMap<String, String>();
        text.put("Class", "Grüße, ★");
        text.put("Seed", "7");
        var path = folder.resolve("b.png");
        random(2, 2).writePng(path, text);
        var reader = ImageIO.getImageReadersByFormatName("png").next();
        try (var in = ImageIO.createImageInputStream(path.toFile())) {
            reader.setInput(in);
            var tree = (IIOMetadataNode) reader.getImageMetadata(0).getAsTree("javax_imageio_png_1.0");
            var entries = tree.getElementsByTagName("iTXtEntry");
            var read = new LinkedHashMap<String, String>();
            for (int i = 0; i < entries.getLength(); i++) {
                var entry = (IIOMetadataNode) entries.item(i);
                read.put(entry.getAttribute("keyword"), entry.getAttribute("text"));
            }
            assertEquals(text, read);
        } finally {
            reader.dispose();
        }
    }

    @Test
    void imageThatCannotBeWrittenLeavesNothing() throws IOException {
        var path = folder.resolve("missing/c.png");
        var e = assertThrows(MaskleapException.class, () -> random(2, 2).writePng(path, Map.of()));
        assertTrue(e.getMessage().startsWith(path + ": cannot be written"), e.getMessage());
        try (var files = Files.list(folder)) {
            assertEquals(0, files.count());
        }
    }

    @Test
    void sizeMustFitTheBytes() {
        assertThrows(IllegalArgumentException.class, () -> new RgbImage(2, 2, new byte[11]));
    }
}
