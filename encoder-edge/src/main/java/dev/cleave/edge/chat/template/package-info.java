/** Chat templates, which are written for Python's Jinja, rendered as Jinja would or refused. */
@NullMarked
package dev.cleave.edge.chat.template;

import org.jspecify.annotations.NullMarked;
