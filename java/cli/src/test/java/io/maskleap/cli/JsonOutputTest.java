package io.maskleap.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.maskleap.GenerationSettings;
import io.maskleap.sampling.Randomization;
import io.maskleap.sampling.Schedule;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class JsonOutputTest {
    @Test
    void reportIsOneLineOfJson() {
        var settings = new GenerationSettings(16, 5, Schedule.ARCCOS, Randomization.WARM_UP, 2.5, 1, 7);
        var image = new GenerationReport.PaintedImage("a \"star\"", 3, -7, Path.of("star.png"), 12);
        var text = new StringWriter();
        JsonOutput.print(new PrintWriter(text, true), new GenerationReport("demo", "cpu", settings, List.of(image), List.of(Path.of("star.png")), 34, 56));
        assertEquals("{\"model\":\"demo\",\"device\":\"cpu\",\"settings\":{\"steps\":16,\"budget\":5,\"schedule\":\"arccos\",\"randomization\":\"warm_up\","
                + "\"guidance\":2.5,\"logit_scale\":1.0,\"gumbel_temperature\":7.0},\"images\":[{\"class_name\":\"a \\\"star\\\"\",\"label\":3,"
                + "\"seed\":-7,\"file\":\"star.png\",\"milliseconds\":12}],\"files\":[\"star.png\"],\"open_milliseconds\":34,\"generate_milliseconds\":56}",
                text.toString().strip());
    }

    private record Maybe(Optional<Path> there, Optional<String> notThere) {
    }

    @Test
    void optionalValueIsItselfOrNull() {
        var text = new StringWriter();
        JsonOutput.print(new PrintWriter(text, true), new Maybe(Optional.of(Path.of("a/b")), Optional.empty()));
        assertEquals("{\"there\":\"a/b\",\"not_there\":null}", text.toString().strip());
    }
}
