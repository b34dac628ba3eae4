/** What honest callers ask for, and what the undisturbed answers are. */
@NullMarked
package dev.cleave.bench.chaos.work;

import org.jspecify.annotations.NullMarked;
