/** Who may connect, and what proves it: transport security and tokens. A leaf. */
@NullMarked
package dev.cleave.server.security;

import org.jspecify.annotations.NullMarked;
