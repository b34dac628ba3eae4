package dev.cleave.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cleave.edge.CleaveClient;
import dev.cleave.edge.GenerateOptions;
import dev.cleave.edge.Generation;
import dev.cleave.edge.error.CleaveException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the dashboard, the alerts and the autoscaler ask for is on the page of a real server. */
class WatchedNamesTest {
  private static final Pattern NAME = Pattern.compile("cleave_[a-z_]+[a-z]");

  @Test
  void everyNameIsOnThePage(@TempDir Path work) throws Exception {
    Path bundle = Bundles.reference(work);
    Path other = Bundles.fixture("marian", work);
    Set<String> page;
    try (ServerProcess server = ServerProcess.start(bundle, "--max-sessions", "2")) {
      try (CleaveClient client = CleaveClient.open(bundle, server.address());
          Generation answer =
              client.generate("BP 148/92", GenerateOptions.defaults().withMaxNewTokens(4))) {
        answer.forEach(piece -> {});
      }
      // A refusal, since counters by reason are there from the first one on.
      try (CleaveClient client = CleaveClient.open(other, server.address())) {
        assertThatThrownBy(
                () -> {
                  try (Generation answer = client.generate("text", GenerateOptions.defaults())) {
                    answer.forEach(piece -> {});
                  }
                })
            .isInstanceOf(CleaveException.class);
      }
      page = names(scrape(server));
    }
    assertThat(page).contains("cleave_tokens_total").doesNotContain("cleave_token_total");
    for (String file :
        new String[] {
          "grafana-dashboard.json", "prometheus-alerts.yaml", "kubernetes/autoscaler.yaml"
        }) {
      Set<String> asked = names(expressions(OpsFiles.FOLDER.resolve(file)));
      assertThat(asked).as(file).isNotEmpty();
      assertThat(page).as(file).containsAll(asked);
    }
    assertThat(names(Files.readString(OpsFiles.FOLDER.resolve("README.md")))).isSubsetOf(page);
  }

  /** Without the names of panels and labels. */
  private static String expressions(Path file) throws IOException {
    if (!file.toString().endsWith(".json")) {
      return Files.readString(file);
    }
    StringBuilder all = new StringBuilder();
    for (JsonNode panel : new ObjectMapper().readTree(file.toFile()).path("panels")) {
      for (JsonNode target : panel.path("targets")) {
        all.append(target.path("expr").asText()).append('\n');
      }
    }
    return all.toString();
  }

  private static Set<String> names(String text) {
    return NAME.matcher(text)
        .results()
        .map(MatchResult::group)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static String scrape(ServerProcess server) throws Exception {
    Matcher port = Pattern.compile("metrics=(\\d+)").matcher(server.log());
    assertThat(port.find()).isTrue();
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
              HttpRequest.newBuilder(URI.create("http://localhost:" + port.group(1) + "/metrics"))
                  .timeout(Duration.ofSeconds(30))
                  .build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    }
  }

  @Test
  void theAlertsAreRules() throws IOException {
    JsonNode groups = OpsFiles.yaml(OpsFiles.FOLDER.resolve("prometheus-alerts.yaml")).getFirst();
    int rules = 0;
    for (JsonNode group : groups.path("groups")) {
      for (JsonNode rule : group.path("rules")) {
        rules++;
        assertThat(rule.path("alert").asText()).matches("Cleave[A-Za-z]+");
        assertThat(rule.at("/labels/severity").asText()).isIn("warning", "critical");
        assertThat(rule.at("/annotations/summary").asText()).isNotBlank();
        assertThat(rule.path("for").asText("1m")).matches("\\d+[smh]");
        String expression = rule.path("expr").asText();
        for (String pair : new String[] {"()", "[]", "{}"}) {
          assertThat(expression.chars().filter(it -> it == pair.charAt(0)).count())
              .as(expression)
              .isEqualTo(expression.chars().filter(it -> it == pair.charAt(1)).count());
        }
      }
    }
    assertThat(rules).isGreaterThan(4);
  }

  @Test
  void theDashboardHasAPanelForEachThing() throws IOException {
    JsonNode dashboard =
        new ObjectMapper().readTree(OpsFiles.FOLDER.resolve("grafana-dashboard.json").toFile());
    Set<Integer> ids = new TreeSet<>();
    for (JsonNode panel : dashboard.path("panels")) {
      assertThat(ids.add(panel.path("id").asInt())).as("ids differ").isTrue();
      assertThat(panel.path("targets")).isNotEmpty();
      JsonNode place = panel.path("gridPos");
      assertThat(place.path("x").asInt() + place.path("w").asInt()).isLessThanOrEqualTo(24);
    }
    assertThat(ids).hasSizeGreaterThan(10);
    assertThat(dashboard.path("schemaVersion").asInt()).isPositive();
  }
}
