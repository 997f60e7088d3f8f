package io.maskleap;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Honest JSON of which an input replaces, adds, drops or exchanges tokens: changed bytes rarely leave JSON at all. */
public final class JsonEdits {
    /** The first byte of an input that is edits; what follows are three bytes for each. */
    public static final byte MARK = (byte) 0xed;

    private static final Pattern TOKEN = Pattern.compile("\"[^\"]*\"|[^\\s\\[\\]{}:,\"]+|\\S");
    private static final List<String> WORDS = List.of("{", "}", "[", "]", ":", ",", "[]", "{}", "null", "true", "false", "0", "1",
            "-1", "2", "4", "8", "16", "0.5", "-0.0", "1e99", "1e999", "65536", "1073741832", "2147483647", "2147483648", "4294967297",
            "9223372036854775807", "9223372036854775808", "18446744073709551616", "1" + "0".repeat(400), "\"\"", "\"a\"", "\"b\"",
            "\" \"", "\"\\n\"", "\"\\u0000\"", "\"\\u001b[2J\"", "\"\\u2028\"", "\"\\ud800\"", "\"\\ud83d\\udc38\"", "\"..\"", "\".\"",
            "\"/\"", "\"../a\"", "\"a/b\"", "\"1.safetensors\"", "\"bad.safetensors\"", "\"none.safetensors\"", "\"F32\"", "\"U8\"",
            "\"F64\"", "\"F8_E4M3\"", "\"" + "x".repeat(3000) + "\"", "[0,0]", "[0,16]", "[16,20]", "[2,0]", "[4294967296,4294967296]",
            "[".repeat(101), "\"a\":1,", "\"__metadata__\":{\"k\":\"v\"},", "\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[20,21]},");

    private JsonEdits() {
    }

    public static boolean isEdits(byte[] input) {
        return input.length > 0 && input[0] == MARK;
    }

    /** {@code honest}, edited as {@code input} says. */
    public static byte[] apply(String honest, byte[] input) {
        var tokens = new ArrayList<>(TOKEN.matcher(honest).results().map(MatchResult::group).toList());
        for (var i = 1; i + 2 < input.length && !tokens.isEmpty(); i += 3) {
            var at = Byte.toUnsignedInt(input[i]) % tokens.size();
            var other = Byte.toUnsignedInt(input[i + 2]);
            var word = other < WORDS.size() ? WORDS.get(other) : tokens.get(other % tokens.size());
            switch (input[i + 1] & 3) {
                case 0 -> tokens.set(at, word);
                case 1 -> tokens.add(at, word);
                case 2 -> tokens.remove(at);
                default -> tokens.set(at, tokens.set(other % tokens.size(), tokens.get(at)));
            }
        }
        return String.join("", tokens).getBytes(StandardCharsets.UTF_8);
    }
}
