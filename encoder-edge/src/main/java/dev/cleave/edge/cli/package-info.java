/** The command line {@code cleave} on the device. */
@NullMarked
package dev.cleave.edge.cli;

import org.jspecify.annotations.NullMarked;
