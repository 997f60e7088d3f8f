package io.maskleap;

import java.util.zip.CRC32;

/** Paints one image of the demo and prints the device and the checksum of the image's pixels: for tests of what the environment does to it. */
final class ImageChecksumProgram {
    private ImageChecksumProgram() {
    }

    /** @param arguments the number of threads */
    public static void main(String[] arguments) {
        try (var model = Model.open(TestModels.demo(), Device.cpu(Integer.parseInt(arguments[0]))); var session = model.newSession()) {
            var crc = new CRC32();
            crc.update(session.generate(Request.ofClass("star").seed(1).steps(4).budget(3)).getFirst().image().rgb());
            System.out.printf("%s%n%08x%n", model.deviceDescription(), crc.getValue());
        }
    }
}
