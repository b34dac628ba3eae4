/** cleave.v1 for Java: messages without copies, the service descriptor, statuses. */
@NullMarked
package dev.cleave.wire;

import org.jspecify.annotations.NullMarked;
