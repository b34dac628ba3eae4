/** The bytes after a frame's header: how rows of floats become them in each mode, and back. */
@NullMarked
package dev.cleave.codec.payload;

import org.jspecify.annotations.NullMarked;
