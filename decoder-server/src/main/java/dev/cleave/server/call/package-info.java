/** The sessions of {@code cleave.v1.Decoder}: what a client sends, how its tokens go back. */
@NullMarked
package dev.cleave.server.call;

import org.jspecify.annotations.NullMarked;
