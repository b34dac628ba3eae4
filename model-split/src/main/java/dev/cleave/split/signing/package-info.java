/** Who vouches for a bundle: Ed25519 keys, the signature beside a manifest, and what is trusted. */
@NullMarked
package dev.cleave.split.signing;

import org.jspecify.annotations.NullMarked;
