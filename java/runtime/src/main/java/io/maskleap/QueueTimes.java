package io.maskleap;

import java.time.Duration;

/**
 * How a session's thread spent its time on the steps that it queued for a GPU. Where it waits in most steps, the GPU never waits for it.
 *
 * @param steps  steps that were queued
 * @param host   time that queueing them took
 * @param waited time in which enough was queued
 */
public record QueueTimes(long steps, Duration host, Duration waited) {
    static final QueueTimes NONE = new QueueTimes(0, Duration.ZERO, Duration.ZERO);

    QueueTimes plus(QueueTimes other) {
        return new QueueTimes(steps + other.steps, host.plus(other.host), waited.plus(other.waited));
    }
}
