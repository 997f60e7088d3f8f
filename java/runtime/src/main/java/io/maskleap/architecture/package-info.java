/**
 * The seam between the loop and the networks: what the loop, the sessions and the tools may know of a model, whatever its architecture. Each
 * architecture is a package of its own below this one.
 */
package io.maskleap.architecture;
