package io.maskleap.benchmarks.row;

import io.maskleap.benchmarks.libtorch.AddLayerNormPeer;
import io.maskleap.benchmarks.libtorch.AttentionPeer;
import io.maskleap.benchmarks.libtorch.DecodePeer;
import io.maskleap.benchmarks.libtorch.ImagePeer;
import io.maskleap.benchmarks.libtorch.SamplerPeer;
import io.maskleap.benchmarks.libtorch.StepPeer;
import io.maskleap.benchmarks.row.Row.Pace;
import io.maskleap.benchmarks.subject.AddLayerNormCase;
import io.maskleap.benchmarks.subject.AddLayerNormSubject;
import io.maskleap.benchmarks.subject.AttentionShape;
import io.maskleap.benchmarks.subject.AttentionSubject;
import io.maskleap.benchmarks.subject.BenchmarkModel;
import io.maskleap.benchmarks.subject.DecodeSubject;
import io.maskleap.benchmarks.subject.ImageSubject;
import io.maskleap.benchmarks.subject.Peer;
import io.maskleap.benchmarks.subject.SamplerShape;
import io.maskleap.benchmarks.subject.SamplerSubject;
import io.maskleap.benchmarks.subject.StepSubject;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** All that is measured. A new kernel gets a line here. */
public final class Rows {
    /** A full step of the model whose image is composed of its steps. */
    public static final String FULL_STEP = step(BenchmarkModel.MASKGIT_512, true);
    /** A shortcut step of it. */
    public static final String SHORTCUT_STEP = step(BenchmarkModel.MASKGIT_512, false);
    /** Its decoder. */
    public static final String DECODE = decode(BenchmarkModel.MASKGIT_512, 32);

    private static final List<Row> ALL = List.of(
            // MaskGIT-512's base network and shortcut, then Lumina-DiMOO's base network at 512 px
            attention(AttentionShape.self(2, 16, 1025, 48)),
            attention(AttentionShape.self(2, 16, 1025, 24)),
            attention(AttentionShape.self(1, 32, 1100, 128)),
            // MaskGIT-512's shortcut, when few and many tokens are new, then Lumina-DiMOO's
            attention(AttentionShape.cross(2, 16, 1025, 8, 24)),
            attention(AttentionShape.cross(2, 16, 1025, 32, 24)),
            attention(AttentionShape.cross(2, 16, 1025, 128, 24)),
            attention(AttentionShape.cross(1, 32, 1100, 128, 64)),
            // MaskGIT-512, Lumina-DiMOO at 512 px
            sampler(new SamplerShape(1024, 1024, false)),
            sampler(new SamplerShape(1024, 8192, true)),
            addLayerNorm(2050, 768),
            step(BenchmarkModel.DEMO, true, Pace.SHORT),
            step(BenchmarkModel.DEMO, false, Pace.SHORT),
            image(BenchmarkModel.DEMO, 16, 5),
            image(BenchmarkModel.DEMO, 16, 16),
            image(BenchmarkModel.DEMO, 5, 5),
            step(BenchmarkModel.MASKGIT_512, true, Pace.LONG),
            step(BenchmarkModel.MASKGIT_512, false, Pace.SHORT),
            decode(BenchmarkModel.MASKGIT_512, 16, Pace.LONG),
            decode(BenchmarkModel.MASKGIT_512, 32, Pace.LONG));

    /** Full and shortcut step of a model so small that JMH times thousands a second: what they take of Java's heap, every model's do. */
    private static final List<Row> TINY_STEPS = List.of(step(BenchmarkModel.SMALL, true, Pace.SHORT), step(BenchmarkModel.SMALL, false, Pace.SHORT));

    private Rows() {
    }

    /** In the order of the tables. */
    public static List<Row> all() {
        return ALL;
    }

    /** Steps for measuring how much of Java's heap a step takes. */
    public static List<Row> tinySteps() {
        return TINY_STEPS;
    }

    /**
     * The row of that name, which may be one of {@link #tinySteps} or a ceiling.
     *
     * @throws IllegalArgumentException where none has that name
     */
    public static Row named(String name) {
        return Stream.of(ALL, TINY_STEPS).flatMap(List::stream).filter(row -> row.name().equals(name)).findFirst().or(() -> Ceilings.find(name))
                .orElseThrow(() -> new IllegalArgumentException("no row \"" + name + "\"; bench list shows them"));
    }

    private static Row attention(AttentionShape shape) {
        return Row.of((shape.self() ? "attention " : "cross-attention ") + shape, Pace.SHORT, shape::work,
                (library, threads, dtype) -> new AttentionSubject(shape, library, threads, dtype), new AttentionPeer(shape));
    }

    private static Row sampler(SamplerShape shape) {
        return Row.of("sampler " + (shape.gumbel() ? "Gumbel-max " : "inverse CDF ") + shape, Pace.SHORT, shape::work,
                (library, threads, dtype) -> new SamplerSubject(shape, library, threads, dtype), new SamplerPeer(shape));
    }

    private static Row addLayerNorm(int rows, int channels) {
        return Row.of("add + LayerNorm " + rows + "x" + channels, Pace.SHORT, dtype -> AddLayerNormCase.work(rows, channels, dtype),
                (library, threads, dtype) -> new AddLayerNormSubject(rows, channels, library, threads, dtype), new AddLayerNormPeer(rows, channels));
    }

    private static String step(BenchmarkModel model, boolean full) {
        return (full ? "full step " : "shortcut step ") + model;
    }

    private static Row step(BenchmarkModel model, boolean full, Pace pace) {
        return Row.of(step(model, full), pace, dtype -> StepSubject.work(model, full, dtype),
                (library, threads, dtype) -> new StepSubject(model, full, library, threads, dtype), new StepPeer(model, full));
    }

    private static String decode(BenchmarkModel model, int grid) {
        return "VQGAN decode " + 16 * grid + " px";
    }

    private static Row decode(BenchmarkModel model, int grid, Pace pace) {
        return Row.of(decode(model, grid), pace, dtype -> DecodeSubject.work(model, grid, dtype),
                (library, threads, dtype) -> new DecodeSubject(model, grid, library, threads, dtype), new DecodePeer(model, grid));
    }

    /** The model's own plan has a peer; others show what the shortcut gains. */
    private static Row image(BenchmarkModel model, int steps, int budget) {
        var peer = steps == model.steps() && budget == model.budget() ? Optional.<Peer>of(new ImagePeer(model)) : Optional.<Peer>empty();
        return new Row("image " + model + " " + steps + "-" + budget, Pace.LONG, dtype -> ImageSubject.work(model, steps, budget, dtype),
                (library, threads, dtype) -> new ImageSubject(model, steps, budget, library, threads, dtype), peer);
    }
}
