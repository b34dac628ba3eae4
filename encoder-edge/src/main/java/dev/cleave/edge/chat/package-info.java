/** Conversations with a model that was trained for them: templates, history, injected tokens. */
@NullMarked
package dev.cleave.edge.chat;

import org.jspecify.annotations.NullMarked;
