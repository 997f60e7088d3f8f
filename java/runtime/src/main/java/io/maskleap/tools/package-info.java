/**
 * What makes model folders, looks into files and checks fixtures: the work around a model. Importing and inspecting do
 * not need the native library.
 */
package io.maskleap.tools;
