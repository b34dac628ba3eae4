package dev.cleave.server.entrance;

import dev.cleave.server.tenant.Tenant;

/**
 * Names a session that its device may open again. The tenant is part of the name: nobody can name,
 * end or even notice the session of another. Immutable.
 *
 * @param high half of the 128 bits that the device drew
 * @param low the other half
 */
public record SessionKey(Tenant tenant, long high, long low) {}
