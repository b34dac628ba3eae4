/** The server half. */
@NullMarked
package dev.cleave.server;

import org.jspecify.annotations.NullMarked;
