/** The two halves of a bundle side by side in one process, without a wire between them. */
@NullMarked
package dev.cleave.lab.half;

import org.jspecify.annotations.NullMarked;
