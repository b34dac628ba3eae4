/** What calibration has learnt about a boundary tensor, and what can be concluded from it. */
@NullMarked
package dev.cleave.codec.profile;

import org.jspecify.annotations.NullMarked;
