package io.maskleap.network;

import io.maskleap.device.Linear;

/** up: (hidden, C) with its activation; down: (C, hidden). */
record MlpWeights(Linear up, Linear down) {
}
