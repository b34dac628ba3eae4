/** What can go wrong between a checkpoint and an open bundle; one unchecked root. */
@NullMarked
package dev.cleave.split.error;

import org.jspecify.annotations.NullMarked;
