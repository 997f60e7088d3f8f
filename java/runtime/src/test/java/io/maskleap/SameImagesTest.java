package io.maskleap;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.maskleap.sampling.Randomization;
import io.maskleap.sampling.Schedule;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Twenty requests give the codes that they gave when their checksums were written down, so that a change of the loop cannot change an image unseen. The
 * checksums are of codes, not of pixels: codes are the same for every instruction set, pixels are so only up to rounding.
 */
class SameImagesTest {
    /** CRC-32 of the codes of each request's images, in hexadecimal. */
    private static final String CHECKSUMS = """
            demo: c886ab59 0c99b8cb 9215366b b480c657 7bb173e7 625c7dac 80111cb2 56b666a2 e6c65b72 e3c8f7e9
            tiny: c0b11e63 583d2e75 e0ec445f a2b20ab8 ccb2ae89 7e8ca509 7142db8d 08cb49a4 7e8ca509 66ffb93f""";

    @TempDir
    private static Path folder;

    private static List<Request> demoRequests() {
        var star = Request.ofClass("star").seed(7);
        return List.of(star, star.count(3), star.steps(16).budget(16), star.steps(5).budget(5), star.steps(16).budget(2),
                Request.ofClass("heart", "ring").seed(-1).count(2), star.guidance(0), star.schedule(Schedule.COSINE), star.schedule(Schedule.LINEAR).steps(9),
                star.randomization(Randomization.WARM_UP));
    }

    private static List<Request> tinyRequests() {
        var request = Request.ofClass(3).seed(11);
        return List.of(request, request.count(5), request.steps(1).budget(1), request.steps(12).budget(4), request.randomization(Randomization.RANDOM),
                request.randomization(Randomization.NONE), request.schedule(Schedule.SQUARE), request.schedule(Schedule.ROOT), request.gumbelTemperature(0),
                Request.ofClass(0, 1, 2, 3, 4).seed(Long.MAX_VALUE).fullStepsOnly());
    }

    @Test
    void twentyRequestsGiveTheirCodesAgain() {
        var found = "demo: " + checksums(TestModels.demo(), demoRequests()) + "\ntiny: "
                + checksums(TestModels.tiny(folder.resolve("tiny"), true), tinyRequests());
        assertEquals(CHECKSUMS, found);
    }

    private static String checksums(Path modelFolder, List<Request> requests) {
        var checksums = new ArrayList<Long>();
        try (var model = Model.open(modelFolder, Device.cpu(2)); var session = model.newSession(2)) {
            for (var request : requests) {
                var crc = new CRC32();
                for (var image : session.generate(request)) {
                    var bytes = ByteBuffer.allocate(image.codes().length * Integer.BYTES);
                    bytes.asIntBuffer().put(image.codes());
                    crc.update(bytes.array());
                }
                checksums.add(crc.getValue());
            }
        }
        return checksums.stream().map("%08x"::formatted).collect(Collectors.joining(" "));
    }
}
