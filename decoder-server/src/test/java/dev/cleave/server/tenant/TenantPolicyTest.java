package dev.cleave.server.tenant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cleave.server.ServerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TenantPolicyTest {

  private static final Tenant CLINIC = new Tenant("clinic");
  private static final Tenant BANK = new Tenant("bank");

  @TempDir private Path folder = Path.of("");

  @Test
  void aFileNamesTenantsAndAllOthers() throws Exception {
    TenantPolicy policy =
        TenantPolicy.read(
            file(
                """
                {"clinic": {"weight": 3, "sessions": 8, "kv_positions": 65536, "waiting": 4,
                            "requests_per_second": 0.5, "bytes_per_second": 1000,
                            "prompt_positions": 512, "new_tokens": 64},
                 "*": {"requests_per_second": 20.5}}
                """));
    assertThat(policy.limits(CLINIC))
        .contains(
            new TenantLimits(
                3,
                new TenantLimits.Held(8, 65_536, 4),
                new TenantLimits.Rates(0.5, 1, 1000),
                new TenantLimits.Sizes(512, 64)));
    assertThat(policy.limits(BANK))
        .contains(TenantLimits.NONE.withRates(new TenantLimits.Rates(20.5, 21, 0)));
    assertThat(policy.label(CLINIC)).isEqualTo("clinic");
    assertThat(policy.label(BANK)).isEqualTo("other");
    assertThat(policy.labels()).containsExactly("clinic", "other");
  }

  @Test
  void withoutOthersAnUnknownTenantIsNotServed() throws Exception {
    TenantPolicy policy = TenantPolicy.read(file("{\"clinic\": {}}"));
    assertThat(policy.limits(CLINIC)).contains(TenantLimits.NONE);
    assertThat(policy.limits(BANK)).isEmpty();
  }

  @Test
  void aChangeCountsAndABrokenFileLeavesWhatWas() throws Exception {
    Path file = file("{\"clinic\": {\"sessions\": 1}}");
    TenantPolicy policy = TenantPolicy.read(file);
    Files.writeString(file, "{\"clinic\": {\"sessions\": 2}, \"bank\": {}}");
    policy.refresh();
    assertThat(policy.limits(CLINIC).orElseThrow().held().sessions()).isEqualTo(2);
    assertThat(policy.limits(BANK)).isPresent();
    Files.writeString(file, "{\"clinic\": {\"sessions\":");
    policy.refresh();
    assertThat(policy.limits(CLINIC).orElseThrow().held().sessions()).isEqualTo(2);
    Files.delete(file);
    policy.refresh();
    assertThat(policy.limits(BANK)).isPresent();
    Files.writeString(file, "{\"*\": {\"weight\": 7}}");
    policy.refresh();
    assertThat(policy.limits(CLINIC).orElseThrow().weight()).isEqualTo(7);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[]|object of tenants",
        "{\"clinic\": 5}|clinic",
        "{\"clinic\": {\"wieght\": 3}}|wieght",
        "{\"clinic\": {\"weight\": 0}}|weight must be in [1, 1000], got 0",
        "{\"clinic\": {\"weight\": \"3\"}}|weight must be a whole number",
        "{\"clinic\": {\"sessions\": 0}}|sessions must be positive, got 0",
        "{\"clinic\": {\"sessions\": 3000000000}}|up to 2147483647",
        "{\"clinic\": {\"waiting\": 0}}|waiting must be positive, got 0",
        "{\"clinic\": {\"burst\": 3}}|burst",
        "{\"clinic\": {\"requests_per_second\": -1}}|requests_per_second",
        "{\"clinic\": {\"bytes_per_second\": 1.5}}|bytes_per_second",
        "{\"cl inic\": {}}|letters, digits",
        "{\"clinic\": {}, \"clinic\": {}}|clinic",
        "{\"clinic\": {}} {}|no JSON",
        "{|no JSON",
      })
  void whatIsWrongIsNamed(String text, String named) throws Exception {
    Path file = file(text);
    assertThatThrownBy(() -> TenantPolicy.read(file))
        .isInstanceOf(ServerException.class)
        .hasMessageContaining(named)
        .hasMessageContaining("tenants.json");
  }

  @Test
  void aFileThatIsNotThereIsNamed() {
    assertThatThrownBy(() -> TenantPolicy.read(folder.resolve("none")))
        .isInstanceOf(ServerException.class)
        .hasMessageContaining("none");
  }

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("tenants.json"), text);
  }
}
