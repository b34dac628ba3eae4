/** The device half. */
@NullMarked
package dev.cleave.edge;

import org.jspecify.annotations.NullMarked;
