package io.maskleap.device.cpu;

import io.maskleap.device.ReplayCache;
import io.maskleap.kernel.Recorder;
import io.maskleap.kernel.Recording;

/**
 * Records the native calls of work on the CPU, with their arguments. A repetition checks and prepares nothing more.
 *
 * @param recorder makes the calls of the context's kernels and products
 */
record CpuRecordings(Recorder recorder) implements ReplayCache.Recordings<Recording> {

    @Override
    public Recording record(Runnable work) {
        return recorder.record(work);
    }

    @Override
    public void repeat(Recording recording) {
        recording.repeat();
    }

    @Override
    public void free(Recording recording) {
        recording.close();
    }
}
