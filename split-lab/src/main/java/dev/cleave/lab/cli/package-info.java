/** The commands that need both halves. */
@NullMarked
package dev.cleave.lab.cli;

import org.jspecify.annotations.NullMarked;
