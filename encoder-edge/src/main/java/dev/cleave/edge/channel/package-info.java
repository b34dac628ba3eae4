/** Where servers are, what secures the way to them, and how a channel to one is made. */
@NullMarked
package dev.cleave.edge.channel;

import org.jspecify.annotations.NullMarked;
