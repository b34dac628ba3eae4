/** The command line of the server distribution. */
@NullMarked
package dev.cleave.server.cli;

import org.jspecify.annotations.NullMarked;
