/** What a codec does to the answers of a split model: both halves run side by side, no wire. */
@NullMarked
package dev.cleave.lab.measure;

import org.jspecify.annotations.NullMarked;
