package io.maskleap.benchmarks.libtorch;

import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** The sampler as a sequence of libtorch's operations; the random numbers are libtorch's. */
final class Sampling {
    private static final double LEAST_UNIFORM = 1e-20;

    /** How a code is drawn from each row. */
    enum Draw {
        /** From probabilities by an exponential race, as torch.multinomial does. */
        MULTINOMIAL("multinomial", false) {
            @Override
            Tensor codes(Tensor logits, Tensor probabilities) {
                return torch.multinomial(probabilities, 1);
            }
        },
        /** From probabilities by a search in their running sum. */
        SEARCH("cumsum + searchsorted", false) {
            @Override
            Tensor codes(Tensor logits, Tensor probabilities) {
                var sums = probabilities.cumsum(-1);
                var total = sums.narrow(-1, sums.size(-1) - 1, 1);
                return Tensors.Flow.of(torch.rand_like(total)).then(u -> u.mul(total)).then(u -> torch.searchsorted(sums, u))
                        .then(codes -> codes.clamp_(new ScalarOptional(new Scalar(0)), new ScalarOptional(new Scalar(sums.size(-1) - 1)))).get();
            }
        },
        /** The largest of the logits with noise, made of uniform numbers as the formula says. */
        GUMBEL("argmax of logits - log(-log(rand))", true) {
            @Override
            Tensor codes(Tensor logits, Tensor probabilities) {
                return Tensors.Flow.of(gumbel(logits)).then(noise -> noise.add_(logits)).then(Draw::argmax).get();
            }
        },
        /** The same, with noise made of exponential numbers. */
        EXPONENTIAL("argmax of logits - log(exponential)", true) {
            @Override
            Tensor codes(Tensor logits, Tensor probabilities) {
                return Tensors.Flow.of(torch.empty_like(logits).exponential_()).then(e -> logits.sub(e.log_())).then(Draw::argmax).get();
            }
        };

        private final String word;
        private final boolean gumbel;

        Draw(String word, boolean gumbel) {
            this.word = word;
            this.gumbel = gumbel;
        }

        /** (rows, 1) of guided logits and their softmax, (rows, V) each. */
        abstract Tensor codes(Tensor logits, Tensor probabilities);

        private static Tensor argmax(Tensor x) {
            return torch.argmax(x, new LongOptional(-1), true);
        }

        static List<String> words(boolean gumbel) {
            return Arrays.stream(values()).filter(draw -> draw.gumbel == gumbel).map(Draw::toString).toList();
        }

        static Draw of(String word) {
            return Arrays.stream(values()).filter(draw -> draw.word.equals(word)).findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("no way to draw: " + word));
        }

        @Override
        public String toString() {
            return word;
        }
    }

    /** Codes int64 and confidences, (rows) each. */
    record Drawn(Tensor codes, Tensor confidences) {
    }

    private Sampling() {
    }

    /** -log(-log(u)) of as many uniform numbers. */
    private static Tensor gumbel(Tensor like) {
        var u = torch.rand_like(like);
        u.clamp_(new ScalarOptional(Tensors.scalar(LEAST_UNIFORM)));
        return u.log_().neg_().log_().neg_();
    }

    /** (1 + w) conditional - w unconditional; logits: (2, rows, V). */
    static Tensor sequencesPerImage(Tensor logits, double w) {
        return Tensors.Flow.of(logits.select(0, 0).mul(Tensors.scalar(1 + w))).then(x -> x.sub_(logits.select(0, 1), Tensors.scalar(w))).get();
    }

    /**
     * A code for each row and its log-probability with Gumbel noise of weight {@code noise}.
     *
     * @param sequencesPerImage (rows, V), freed
     */
    static Drawn draw(Tensor sequencesPerImage, Draw draw, double noise) {
        var probabilities = torch.softmax(sequencesPerImage, -1);
        var code = draw.codes(sequencesPerImage, probabilities);
        sequencesPerImage.close();
        var confidence = Tensors.Flow.of(probabilities.gather(-1, code)).then(p -> p.log_()).then(logarithm ->
                logarithm.add_(gumbel(logarithm), Tensors.scalar(noise))).then(c -> c.view(-1)).get();
        probabilities.close();
        return new Drawn(code.view(-1), confidence);
    }
}
