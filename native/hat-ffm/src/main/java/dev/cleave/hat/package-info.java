/** The AI HAT+ 2 and whatever has the same C ABI: devices, models, transfers; JDK only. */
@NullMarked
package dev.cleave.hat;

import org.jspecify.annotations.NullMarked;
