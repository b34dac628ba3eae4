/** Tests of the split compiler as a whole. */
@NullMarked
package dev.cleave.split;

import org.jspecify.annotations.NullMarked;
