/**
 * Writes the decoder half as a TorchScript program: text from the block description, and the
 * archive that libtorch loads.
 */
@NullMarked
package dev.cleave.split.torch;

import org.jspecify.annotations.NullMarked;
