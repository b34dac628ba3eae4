/** On whose behalf a call comes, and what they may take. A leaf. */
@NullMarked
package dev.cleave.server.tenant;

import org.jspecify.annotations.NullMarked;
