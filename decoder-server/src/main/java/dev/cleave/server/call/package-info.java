/** The calls of {@code cleave.v1.Decoder}: what a client sends, and how its tokens go back. */
@NullMarked
package dev.cleave.server.call;

import org.jspecify.annotations.NullMarked;
