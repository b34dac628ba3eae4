/** Tests of the whole line: both halves as processes, the bytes between them, the architecture. */
@NullMarked
package dev.cleave.e2e;

import org.jspecify.annotations.NullMarked;
