/**
 * Files that hold weights and their configuration: safetensors (mapped, used in place), PyTorch
 * checkpoints (read by an interpreter that runs nothing), JSON and YAML.
 *
 * <p>Every file is taken as hostile until checked. A bad one ends in one
 * {@link io.maskleap.error.MaskleapException} whose sentence names the path, what was found and what
 * was wanted; no input can abort the JVM or make it run foreign code,
 * and none can ask for more than {@link io.maskleap.weights.Limits} allow. A mapped file must not be
 * truncated while it is in use: replace it by a rename, as the writers here do.
 */
package io.maskleap.weights;
