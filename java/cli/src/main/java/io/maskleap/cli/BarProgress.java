package io.maskleap.cli;

import io.maskleap.StepView;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A bar that grows with each step, and goes when all is done. */
final class BarProgress implements Progress {
    /** Fixed: to ask the terminal, the library would load JLine, at more cost than an image's. */
    private static final int WIDTH = 79;

    private static final int UPDATE_MILLIS = 100;

    private final long images;
    private final ProgressBar bar;

    BarProgress(long images) {
        this.images = images;
        bar = new ProgressBarBuilder()
                .setTaskName(images == 1 ? "1 image" : images + " images")
                .setUnit(" steps", 1)
                .setStyle(ProgressBarStyle.UNICODE_BLOCK)
                .setUpdateIntervalMillis(UPDATE_MILLIS)
                .setConsumer(new ConsoleProgressBarConsumer(System.err, WIDTH))
                .clearDisplayOnFinish()
                .build();
    }

    @Override
    public void step(StepView step) {
        bar.maxHint(images * step.steps());
        bar.step();
    }

    @Override
    public void close() {
        bar.close();
    }
}
