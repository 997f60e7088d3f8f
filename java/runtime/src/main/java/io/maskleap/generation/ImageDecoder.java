package io.maskleap.generation;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.maskleap.device.DeviceStream;
import io.maskleap.device.Workspace;
import io.maskleap.network.VqganConfig;
import io.maskleap.network.VqganDecoder;
import java.lang.foreign.MemorySegment;

/** A decoder with memory for one image: codes to images, one after the other. */
final class ImageDecoder {
    private static final float LOWEST = -1;
    private static final float HIGHEST = 1;

    /** The work of decoding an image, which is the same for all. */
    private record Decoding() {
    }

    private final VqganDecoder decoder;
    private final int grid;
    private final MemorySegment codes;
    private final MemorySegment rgb;
    private final VqganDecoder.Activations activations;

    /** For images of (grid, grid) codes. */
    ImageDecoder(Workspace workspace, VqganDecoder decoder, int grid) {
        this.decoder = decoder;
        this.grid = grid;
        codes = workspace.ints((long) grid * grid);
        rgb = workspace.bytes(VqganConfig.RGB * (long) side() * side());
        activations = new VqganDecoder.Activations(workspace, decoder, grid);
    }

    private int side() {
        return decoder.config().imageSize(grid);
    }

    /** (side, side, 3) bytes: the image of image {@code image} of those whose codes lie on the device one after the other; all of its codes must be fixed. */
    byte[] decode(DeviceStream stream, MemorySegment codesOfImages, int image) {
        stream.copy(codesOfImages.asSlice(image * codes.byteSize(), codes.byteSize()), codes);
        return decode(stream);
    }

    /** (side, side, 3) bytes: the image of {@code hostCodes}, (grid * grid). */
    byte[] decode(DeviceStream stream, int[] hostCodes) {
        stream.write(codes, host -> MemorySegment.copy(hostCodes, 0, host, JAVA_INT, 0, hostCodes.length));
        return decode(stream);
    }

    private byte[] decode(DeviceStream stream) {
        stream.replay(new Decoding(), () -> stream.kernels().toRgb(decoder.decode(stream, codes, grid, activations), rgb, LOWEST, HIGHEST));
        return stream.read(rgb, host -> host.toArray(JAVA_BYTE));
    }
}
