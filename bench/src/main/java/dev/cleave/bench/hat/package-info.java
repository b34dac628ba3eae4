/** What the host's share costs of running a model on an accelerator, measured on its simulator. */
@NullMarked
package dev.cleave.bench.hat;

import org.jspecify.annotations.NullMarked;
