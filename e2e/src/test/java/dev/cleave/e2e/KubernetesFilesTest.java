package dev.cleave.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.kubernetes.client.openapi.models.V1Deployment;
import io.kubernetes.client.openapi.models.V1Namespace;
import io.kubernetes.client.openapi.models.V1NetworkPolicy;
import io.kubernetes.client.openapi.models.V1PodDisruptionBudget;
import io.kubernetes.client.openapi.models.V1Service;
import io.kubernetes.client.openapi.models.V2HorizontalPodAutoscaler;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine.ParseResult;

/** The manifests are what Kubernetes' own schema asks for, and fit each other. */
class KubernetesFilesTest {
  private interface Schema {
    Object read(String json) throws IOException;
  }

  private static final Map<String, Schema> SCHEMAS =
      Map.of(
          "v1 Namespace", V1Namespace::fromJson,
          "apps/v1 Deployment", V1Deployment::fromJson,
          "v1 Service", V1Service::fromJson,
          "policy/v1 PodDisruptionBudget", V1PodDisruptionBudget::fromJson,
          "autoscaling/v2 HorizontalPodAutoscaler", V2HorizontalPodAutoscaler::fromJson,
          "networking.k8s.io/v1 NetworkPolicy", V1NetworkPolicy::fromJson);

  /** Where the schema has names of the user's own. */
  private static final Set<String> FREE =
      Set.of("labels", "annotations", "matchLabels", "selector", "requests", "limits");

  static List<Path> files() throws IOException {
    return OpsFiles.kubernetes();
  }

  private static void read(JsonNode object) throws IOException {
    String kind = object.path("apiVersion").asText() + " " + object.path("kind").asText();
    Schema schema = SCHEMAS.get(kind);
    if (schema == null) {
      throw new AssertionError("no schema for " + kind);
    }
    assertThat(schema.read(object.toString())).isNotNull();
  }

  @ParameterizedTest
  @MethodSource("files")
  void everyObjectIsOfItsSchema(Path file) throws IOException {
    List<JsonNode> objects = OpsFiles.yaml(file);
    assertThat(objects).isNotEmpty();
    for (JsonNode object : objects) {
      read(object);
      assertThat(object.at("/metadata/name").asText()).matches("[a-z0-9-]+");
      if (!object.path("kind").asText().equals("Namespace")) {
        assertThat(object.at("/metadata/namespace").asText()).isEqualTo("cleave");
      }
    }
  }

  /** That the check above can fail: a field that there is not, at every place in every file. */
  @ParameterizedTest
  @MethodSource("files")
  void aFieldThatThereIsNotIsNoticedEverywhere(Path file) throws IOException {
    for (JsonNode object : OpsFiles.yaml(file)) {
      JsonNode wrong = object.deepCopy();
      List<String> unnoticed = new ArrayList<>();
      tryEach(wrong, wrong, "", unnoticed);
      assertThat(unnoticed)
          .allMatch(path -> FREE.contains(path.substring(path.lastIndexOf('/') + 1)), "free names");
    }
  }

  private static void tryEach(JsonNode root, JsonNode node, String path, List<String> unnoticed) {
    if (node instanceof ObjectNode object) {
      object.put("replicaCount", 3);
      try {
        read(root);
        unnoticed.add(path);
      } catch (IOException | RuntimeException noticed) {
        assertThat(noticed).hasMessageContaining("replicaCount");
      }
      object.remove("replicaCount");
      object
          .properties()
          .forEach(it -> tryEach(root, it.getValue(), path + "/" + it.getKey(), unnoticed));
    } else {
      for (int i = 0; i < node.size(); i++) {
        tryEach(root, node.get(i), path + "/" + i, unnoticed);
      }
    }
  }

  @Test
  void aValueOfTheWrongTypeIsNoticed() throws IOException {
    ObjectNode deployment = OpsFiles.object("Deployment").deepCopy();
    ((ObjectNode) deployment.path("spec")).put("replicas", "two");
    assertThatThrownBy(() -> read(deployment)).hasMessageContaining("two");
    ObjectNode noSelector = OpsFiles.object("Deployment").deepCopy();
    ((ObjectNode) noSelector.path("spec")).remove("selector");
    assertThatThrownBy(() -> read(noSelector)).hasMessageContaining("selector");
  }

  @Test
  void theObjectsSelectTheSamePods() throws IOException {
    JsonNode deployment = OpsFiles.object("Deployment");
    JsonNode labels = deployment.at("/spec/template/metadata/labels");
    assertThat(labels).isNotEmpty();
    for (JsonNode selector :
        List.of(
            deployment.at("/spec/selector/matchLabels"),
            deployment.at(
                "/spec/template/spec/topologySpreadConstraints/0/labelSelector/matchLabels"),
            OpsFiles.object("Service").at("/spec/selector"),
            OpsFiles.object("PodDisruptionBudget").at("/spec/selector/matchLabels"),
            OpsFiles.object("NetworkPolicy").at("/spec/podSelector/matchLabels"))) {
      assertThat(selector).isEqualTo(labels);
    }
    JsonNode target = OpsFiles.object("HorizontalPodAutoscaler").at("/spec/scaleTargetRef");
    assertThat(target.path("name")).isEqualTo(deployment.at("/metadata/name"));
    assertThat(target.path("kind").asText()).isEqualTo("Deployment");
  }

  @Test
  void theServerIsToldWhatThePodSays() throws IOException {
    JsonNode pod = OpsFiles.object("Deployment").at("/spec/template/spec");
    JsonNode container = pod.at("/containers/0");
    ParseResult options = OpsFiles.serve(OpsFiles.strings(container.path("args")));
    assertThat(options.<Integer>matchedOptionValue("--port", 0))
        .isEqualTo(container.at("/ports/0/containerPort").asInt());
    assertThat(options.<Integer>matchedOptionValue("--metrics-port", 0))
        .isEqualTo(container.at("/ports/1/containerPort").asInt());
    // Pause, drain, and 10 s for the last words.
    double drain = options.matchedOptionValue("--drain-timeout", Duration.ZERO).toMillis() / 1e3;
    assertThat(pod.path("terminationGracePeriodSeconds").asDouble())
        .isGreaterThanOrEqualTo(
            container.at("/lifecycle/preStop/sleep/seconds").asInt() + drain + 10);
    for (String probe : List.of("startupProbe", "readinessProbe", "livenessProbe")) {
      JsonNode get = container.path(probe).path("httpGet");
      assertThat(get.path("path").asText()).isIn("/readyz", "/livez");
      assertThat(get.path("port").asText()).isEqualTo("metrics");
    }
    List<String> mounts = new ArrayList<>();
    for (JsonNode mount : container.path("volumeMounts")) {
      mounts.add(mount.path("name").asText());
      // All but the scratch folder is read alone.
      assertThat(mount.path("readOnly").asBoolean())
          .isEqualTo(!mount.path("name").asText().equals("tmp"));
    }
    List<String> volumes = new ArrayList<>();
    pod.path("volumes").forEach(volume -> volumes.add(volume.path("name").asText()));
    assertThat(mounts).containsExactlyElementsOf(volumes);
    for (JsonNode port : OpsFiles.object("Service").at("/spec/ports")) {
      assertThat(port.path("targetPort").asText()).isIn("grpc", "metrics");
    }
  }

  @Test
  void thePodHasNoRights() throws IOException {
    JsonNode pod = OpsFiles.object("Deployment").at("/spec/template/spec");
    assertThat(pod.at("/securityContext/runAsNonRoot").asBoolean()).isTrue();
    assertThat(pod.at("/securityContext/runAsUser").asInt()).isGreaterThan(9999);
    assertThat(pod.at("/securityContext/seccompProfile/type").asText()).isEqualTo("RuntimeDefault");
    assertThat(pod.path("automountServiceAccountToken").asBoolean(true)).isFalse();
    JsonNode security = pod.at("/containers/0/securityContext");
    assertThat(security.path("readOnlyRootFilesystem").asBoolean()).isTrue();
    assertThat(security.path("allowPrivilegeEscalation").asBoolean(true)).isFalse();
    assertThat(OpsFiles.strings(security.at("/capabilities/drop"))).containsExactly("ALL");
    assertThat(pod.at("/containers/0/resources/limits/memory").asText()).isNotEmpty();
  }
}
