package io.maskleap;

import io.maskleap.error.MaskleapException;
import io.maskleap.sampling.Randomization;
import io.maskleap.sampling.Schedule;
import io.maskleap.weights.JsonObject;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** {@code model.json}'s spelling of what it says about a model as a whole. */
public final class Manifest {
    private static final String LOGIT_SCALE = "logit_scale";

    /** What {@link #LOGIT_SCALE} was called in model folders of version 0.1: a factor that sharpens as it grows is no temperature. */
    private static final String OLD_LOGIT_SCALE = "softmax_temperature";

    private Manifest() {
    }

    /** The object {@code defaults} of a manifest. */
    public static Map<String, Object> toJson(GenerationSettings settings) {
        var json = new LinkedHashMap<String, Object>();
        json.put("steps", settings.steps());
        json.put("budget", settings.budget());
        json.put("schedule", spelling(settings.schedule()));
        json.put("randomization", spelling(settings.randomization()));
        json.put("guidance", settings.guidance());
        json.put(LOGIT_SCALE, settings.logitScale());
        json.put("gumbel_temperature", settings.gumbelTemperature());
        return json;
    }

    static GenerationSettings settings(JsonObject json) {
        return new GenerationSettings(json.getInt("steps"), json.getInt("budget"), value(Schedule.class, json, "schedule"),
                value(Randomization.class, json, "randomization"), json.getDouble("guidance"), logitScale(json),
                json.getDouble("gumbel_temperature"));
    }

    private static double logitScale(JsonObject json) {
        return json.getDouble(json.has(OLD_LOGIT_SCALE) && !json.has(LOGIT_SCALE) ? OLD_LOGIT_SCALE : LOGIT_SCALE);
    }

    /** A choice as it is spelled in files and to people: in lower case. */
    public static String spelling(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /**
     * The choice that {@code key} spells.
     *
     * @throws MaskleapException where it spells none; the sentence names them all
     */
    public static <E extends Enum<E>> E value(Class<E> type, JsonObject json, String key) {
        var spelled = json.getString(key);
        return Arrays.stream(type.getEnumConstants()).filter(value -> spelling(value).equals(spelled)).findFirst()
                .orElseThrow(() -> json.error(key, "one of " + Arrays.stream(type.getEnumConstants()).map(Manifest::spelling).toList()));
    }
}
