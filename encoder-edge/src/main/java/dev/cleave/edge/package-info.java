/** The SDK of the device half: text in, streamed text out, and a receipt of what was sent. */
@NullMarked
package dev.cleave.edge;

import org.jspecify.annotations.NullMarked;
