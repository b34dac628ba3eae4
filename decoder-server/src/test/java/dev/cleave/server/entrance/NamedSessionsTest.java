package dev.cleave.server.entrance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.cleave.server.admission.Refused;
import dev.cleave.server.tenant.Tenant;
import dev.cleave.wire.WireReason;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class NamedSessionsTest {

  private static final Tenant CLINIC = new Tenant("clinic");
  private static final Tenant BANK = new Tenant("bank");

  private final NamedSessions sessions = new NamedSessions();

  @Test
  void anotherTenantsSessionOfTheSameNameIsAnotherSession() {
    NamedSessions.Entry clinic = entry(CLINIC, 1, 0);
    assertThat(sessions.enter(clinic)).isNull();
    assertThat(sessions.enter(entry(BANK, 1, 7))).isNull();
    assertThat(sessions.enter(entry(CLINIC, 1, 1))).isSameAs(clinic);
  }

  @Test
  void whoLeavesLateDoesNotTakeTheNewerOneAlong() {
    NamedSessions.Entry older = entry(CLINIC, 1, 0);
    NamedSessions.Entry newer = entry(CLINIC, 1, 1);
    sessions.enter(older);
    sessions.enter(newer);
    sessions.leave(older);
    assertThat(sessions.enter(entry(CLINIC, 1, 2))).isSameAs(newer);
  }

  @Test
  void anAttemptThatWasRefusedMayBeMadeAgainAndOneThatWasServedMayNot() {
    NamedSessions.Entry refused = entry(CLINIC, 1, 4);
    sessions.enter(refused);
    sessions.leave(refused);
    NamedSessions.Entry served = entry(CLINIC, 1, 4);
    assertThat(sessions.enter(served)).isNull();
    sessions.useUp(served);
    sessions.leave(served);
    assertThatExceptionOfType(Refused.class)
        .isThrownBy(() -> sessions.enter(entry(CLINIC, 1, 4)))
        .matches(it -> it.reason().equals(WireReason.SESSION_TAKEN_OVER.name()));
    assertThat(sessions.enter(entry(CLINIC, 1, 5))).isNull();
  }

  @Test
  void whatIsRememberedIsBounded() {
    NamedSessions.Entry first = entry(CLINIC, 0, 0);
    sessions.useUp(first);
    for (long low = 1; low <= 1 << 16; low++) {
      sessions.useUp(entry(CLINIC, low, 0));
    }
    assertThat(sessions.enter(entry(CLINIC, 0, 0))).isNull();
  }

  private static NamedSessions.Entry entry(Tenant tenant, long low, int attempt) {
    return new NamedSessions.Entry(new SessionKey(tenant, 0, low), attempt, new NoCall());
  }

  private static final class NoCall implements TrackedCall {
    @Override
    public @Nullable Ticket<?> ticket() {
      return null;
    }

    @Override
    public void endIfIdle() {}

    @Override
    public void takenOver() {}

    @Override
    public void handBackIfQuiet() {}

    @Override
    public void engineLost() {}

    @Override
    public void handBack() {}
  }
}
