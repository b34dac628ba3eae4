/** Tests of the description and its JSON form. */
@NullMarked
package dev.cleave.split.block;

import org.jspecify.annotations.NullMarked;
