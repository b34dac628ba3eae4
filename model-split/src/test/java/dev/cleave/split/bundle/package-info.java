/** Tests of bundles on disk. */
@NullMarked
package dev.cleave.split.bundle;

import org.jspecify.annotations.NullMarked;
