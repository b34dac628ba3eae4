/** The one exception of the device half; a leaf, so that every other package may throw it. */
@NullMarked
package dev.cleave.edge.error;

import org.jspecify.annotations.NullMarked;
