/** The device's end of the wire to the decoder server. */
@NullMarked
package dev.cleave.edge.link;

import org.jspecify.annotations.NullMarked;
