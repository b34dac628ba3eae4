package dev.cleave.server.rpc;

import dev.cleave.wire.DecoderMethods;
import io.grpc.BindableService;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;

/** What {@code grpc.health.v1} says of this server, by its service's name and as a whole. */
final class Health {

  private final HealthStatusManager manager = new HealthStatusManager();

  Health() {
    serving(false);
  }

  BindableService service() {
    return manager.getHealthService();
  }

  void serving(boolean serving) {
    ServingStatus status = serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
    manager.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, status);
    manager.setStatus(DecoderMethods.serviceDescriptor().getName(), status);
  }

  /** Not serving, for good. */
  void terminal() {
    manager.enterTerminalState();
  }
}
