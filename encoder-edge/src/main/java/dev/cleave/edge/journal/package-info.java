/** What a device keeps of its sessions on disk: sealed, and forgotten with its key. */
@NullMarked
package dev.cleave.edge.journal;

import org.jspecify.annotations.NullMarked;
