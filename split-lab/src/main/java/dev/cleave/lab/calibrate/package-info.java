/** Fits the codec's profile to a bundle, and chooses its presets by their effect. */
@NullMarked
package dev.cleave.lab.calibrate;

import org.jspecify.annotations.NullMarked;
