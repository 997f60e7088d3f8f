/**
 * The loop over the steps, for every architecture: the state of the images that are painted together, the work of one step, and what is read back.
 */
package io.maskleap.generation;
