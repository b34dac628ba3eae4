/** Learning a profile from calibration states. */
@NullMarked
package dev.cleave.codec.fit;

import org.jspecify.annotations.NullMarked;
