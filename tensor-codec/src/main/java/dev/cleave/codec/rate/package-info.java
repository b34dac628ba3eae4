/** The RATE mode: quantisers, their targets, and the search for the step that meets one. */
@NullMarked
package dev.cleave.codec.rate;

import org.jspecify.annotations.NullMarked;
