/** A running server: its ports, threads, health, and how it starts, drains and closes. */
@NullMarked
package dev.cleave.server.rpc;

import org.jspecify.annotations.NullMarked;
