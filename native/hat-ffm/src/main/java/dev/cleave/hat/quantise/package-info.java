/** Between real values and the integers that a device takes; JDK only. */
@NullMarked
package dev.cleave.hat.quantise;

import org.jspecify.annotations.NullMarked;
