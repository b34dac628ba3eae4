/** Tests of the keys. */
@NullMarked
package dev.cleave.split.signing;

import org.jspecify.annotations.NullMarked;
