/** The split compiler. */
@NullMarked
package dev.cleave.split;

import org.jspecify.annotations.NullMarked;
