package io.maskleap.network;

import io.maskleap.device.Linear;

/** up: (hidden, C) with its activation; down: (C, hidden). */
public record MlpWeights(Linear up, Linear down) {
}
