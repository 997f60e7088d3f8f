package postcard;

import io.maskleap.Device;
import io.maskleap.Model;
import io.maskleap.Request;
import io.maskleap.demo.DemoModel;
import io.maskleap.error.MaskleapException;
import java.io.IOException;
import java.nio.file.Path;

/** Generates an image into the file that the argument names. */
public final class Postcard {
    private Postcard() {
    }

    public static void main(String[] args) throws IOException {
        try (var model = Model.open(DemoModel.folder(), Device.cpu(2)); var session = model.newSession()) {
            session.generate(Request.ofClass("star").seed(7).steps(4).budget(2)).getFirst().writePng(Path.of(args[0]));
        } catch (MaskleapException e) {
            System.out.println(e.getMessage());
            System.exit(1);
        }
    }
}
