/** The bundle on disk: two halves and the manifest that names every byte of both. */
@NullMarked
package dev.cleave.split.bundle;

import org.jspecify.annotations.NullMarked;
