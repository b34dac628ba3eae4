/** Tests of what families accept and refuse. */
@NullMarked
package dev.cleave.split.family;

import org.jspecify.annotations.NullMarked;
