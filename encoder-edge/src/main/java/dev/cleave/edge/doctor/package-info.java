/** What a machine has of what the device half needs, and what to do about the rest. */
@NullMarked
package dev.cleave.edge.doctor;

import org.jspecify.annotations.NullMarked;
