/**
 * The device half for an AI HAT+: an encoder at fixed lengths, what the host looks up for it, and
 * the compiled models that come back.
 */
@NullMarked
package dev.cleave.split.hailo;

import org.jspecify.annotations.NullMarked;
