/** What a session holds before and while it generates: admission, KV slots, the prompt's memory. */
@NullMarked
package dev.cleave.server.session;

import org.jspecify.annotations.NullMarked;
