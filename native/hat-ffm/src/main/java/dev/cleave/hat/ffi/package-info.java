/**
 * {@code cleave_hat.h} as jextract would give it, and nothing else: numbers of the vendor, layouts
 * and method handles stay in here.
 */
@NullMarked
package dev.cleave.hat.ffi;

import org.jspecify.annotations.NullMarked;
