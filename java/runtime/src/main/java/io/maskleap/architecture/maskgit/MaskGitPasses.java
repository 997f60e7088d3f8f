package io.maskleap.architecture.maskgit;

import static io.maskleap.kernel.Dtype.F32;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.maskleap.architecture.NetworkPasses;
import io.maskleap.device.DeviceStream;
import io.maskleap.device.Workspace;
import io.maskleap.kernel.Tensor;
import io.maskleap.network.NewTokens;
import io.maskleap.network.Sequences;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** The forward passes of a MaskGIT's networks in one session. */
final class MaskGitPasses implements NetworkPasses {
    /** The work of computing the modulations of so many steps. */
    private record Modulating(int steps) {
    }

    private final MaskGit base;
    private final MaskGitShortcut shortcut; // null: the model has none
    private final MaskGitConfig config;
    private final MaskGit.Activations baseActivations;
    private final MaskGit.HeadRows headRows;
    private final MaskGitShortcut.Activations shortcutActivations;
    private final MaskGitShortcut.Modulations modulations;
    private final Tensor modulation;
    private final MemorySegment maskRatios;
    private List<MemorySegment> modulationOfSteps = List.of();

    MaskGitPasses(Workspace workspace, MaskGitNetworks networks, int maxImages, int sequencesPerImage) {
        base = networks.base();
        shortcut = networks.shortcut().orElse(null);
        config = base.config();
        long rows = (long) maxImages * sequencesPerImage * config.sequenceLength();
        headRows = new MaskGit.HeadRows(workspace, base, (long) maxImages * sequencesPerImage * config.tokens());
        baseActivations = new MaskGit.Activations(workspace, base, rows);
        maskRatios = workspace.bytes((long) config.tokens() * Float.BYTES);
        if (shortcut == null) {
            shortcutActivations = null;
            modulations = null;
            modulation = null;
        } else {
            shortcutActivations = new MaskGitShortcut.Activations(workspace, shortcut, rows, (long) maxImages * config.tokens());
            modulations = new MaskGitShortcut.Modulations(workspace, shortcut, config.tokens());
            modulation = workspace.tensor(F32, 1, 2L * shortcut.config().channels());
        }
    }

    /** The class token is the last of a sequence. */
    @Override
    public void writeMaskedIds(int[] labels, int sequencesPerImage, MemorySegment ids) {
        for (int s = 0; s < labels.length * sequencesPerImage; s++) {
            long start = (long) s * config.sequenceLength();
            for (int p = 0; p < config.tokens(); p++) {
                ids.setAtIndex(JAVA_INT, start + p, config.maskId());
            }
            boolean conditional = s % sequencesPerImage == 0;
            ids.setAtIndex(JAVA_INT, start + config.tokens(), conditional ? config.classId(labels[s / sequencesPerImage]) : config.droppedClassId());
        }
    }

    /** The modulations depend on the time only, so those of all steps are computed at once. A step commits at least one token, so there is room for all. */
    @Override
    public void beginGeneration(DeviceStream stream, float[] ratios) {
        if (!isModulated()) {
            return;
        }
        stream.write(maskRatios.asSlice(0, (long) ratios.length * Float.BYTES), host -> MemorySegment.copy(ratios, 0, host, JAVA_FLOAT, 0, ratios.length));
        stream.replay(new Modulating(ratios.length), () -> shortcut.modulations(stream, maskRatios, ratios.length, modulations));
        var ofSteps = new ArrayList<MemorySegment>(ratios.length);
        for (int i = 0; i < ratios.length; i++) {
            ofSteps.add(modulations.rows(i, 1).data().asSlice(0, modulation.byteSize()));
        }
        modulationOfSteps = ofSteps;
    }

    private boolean isModulated() {
        return shortcut != null && shortcut.embedsTime();
    }

    @Override
    public void prepareShortcut(DeviceStream stream, int index) {
        if (isModulated()) {
            stream.copy(modulationOfSteps.get(index), modulation.data());
        }
    }

    @Override
    public void full(DeviceStream stream, MemorySegment ids, Sequences sequences, Tensor feature) {
        base.forward(stream, ids, sequences, baseActivations, feature);
    }

    @Override
    public void shortcut(DeviceStream stream, Tensor feature, Sequences sequences, NewTokens newTokens) {
        shortcut.forward(stream, feature, sequences, newTokens, modulation, shortcutActivations);
    }

    @Override
    public void logits(DeviceStream stream, Tensor feature, Sequences sequences, MemorySegment positions, MemorySegment step, int rowCapacity, Tensor logits) {
        base.logits(stream, feature, sequences, positions, step, rowCapacity, headRows, logits);
    }
}
