/**
 * Compiles an encoder for the simulator of the AI HAT+, as the vendor's compiler does for the chip.
 */
@NullMarked
package dev.cleave.split.hailo.sim;

import org.jspecify.annotations.NullMarked;
