package dev.cleave.edge.link;

import com.google.protobuf.Any;
import io.envoyproxy.controlplane.cache.v3.SimpleCache;
import io.envoyproxy.controlplane.cache.v3.Snapshot;
import io.envoyproxy.controlplane.server.V3DiscoveryServer;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.core.v3.AggregatedConfigSource;
import io.envoyproxy.envoy.config.core.v3.ConfigSource;
import io.envoyproxy.envoy.config.core.v3.HealthStatus;
import io.envoyproxy.envoy.config.core.v3.Locality;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.endpoint.v3.Endpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LbEndpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LocalityLbEndpoints;
import io.envoyproxy.envoy.config.listener.v3.ApiListener;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteAction;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.extensions.filters.http.router.v3.Router;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A control plane that puts sessions on a ring by the header that names them. */
final class ControlPlane implements AutoCloseable {
  static final String SERVERS = "decoders.cleave.test";
  private static final String GROUP = "all";
  private static final String CLUSTER = "decoders";

  private final SimpleCache<String> cache = new SimpleCache<>(node -> GROUP);
  private final Server server;

  private ControlPlane() throws IOException {
    this.server =
        NettyServerBuilder.forAddress(
                TakingServer.at("127.0.0.1", 0), InsecureServerCredentials.create())
            .addService(new V3DiscoveryServer(cache).getAggregatedDiscoveryServiceImpl())
            .build()
            .start();
  }

  static ControlPlane start() throws IOException {
    return new ControlPlane();
  }

  /** What gRPC's clients are started with. */
  String bootstrap() {
    return """
    {"xds_servers": [{"server_uri": "127.0.0.1:%d",
                      "channel_creds": [{"type": "insecure"}],
                      "server_features": ["xds_v3"]}],
     "node": {"id": "device", "locality": {"zone": "here"}}}\
    """
        .formatted(server.getPort());
  }

  /** From now on these are the servers. */
  void serve(String version, List<Integer> ports) {
    ConfigSource ads =
        ConfigSource.newBuilder().setAds(AggregatedConfigSource.getDefaultInstance()).build();
    cache.setSnapshot(
        GROUP,
        Snapshot.create(
            List.of(
                Cluster.newBuilder()
                    .setName(CLUSTER)
                    .setType(Cluster.DiscoveryType.EDS)
                    .setEdsClusterConfig(Cluster.EdsClusterConfig.newBuilder().setEdsConfig(ads))
                    .setLbPolicy(Cluster.LbPolicy.RING_HASH)
                    .build()),
            List.of(assignment(ports)),
            List.of(listener()),
            List.of(),
            List.of(),
            version));
  }

  private static ClusterLoadAssignment assignment(List<Integer> ports) {
    LocalityLbEndpoints.Builder here =
        LocalityLbEndpoints.newBuilder()
            .setLocality(Locality.newBuilder().setZone("here"))
            .setLoadBalancingWeight(com.google.protobuf.UInt32Value.of(1));
    for (int port : ports) {
      here.addLbEndpoints(
          LbEndpoint.newBuilder()
              .setHealthStatus(HealthStatus.HEALTHY)
              .setEndpoint(
                  Endpoint.newBuilder()
                      .setAddress(
                          Address.newBuilder()
                              .setSocketAddress(
                                  SocketAddress.newBuilder()
                                      .setAddress("127.0.0.1")
                                      .setPortValue(port)))));
    }
    return ClusterLoadAssignment.newBuilder().setClusterName(CLUSTER).addEndpoints(here).build();
  }

  private static Listener listener() {
    RouteAction.Builder action =
        RouteAction.newBuilder()
            .setCluster(CLUSTER)
            .addHashPolicy(
                RouteAction.HashPolicy.newBuilder()
                    .setHeader(
                        RouteAction.HashPolicy.Header.newBuilder()
                            .setHeaderName("cleave-session")));
    RouteConfiguration routes =
        RouteConfiguration.newBuilder()
            .setName("routes")
            .addVirtualHosts(
                VirtualHost.newBuilder()
                    .setName("all")
                    .addDomains("*")
                    .addRoutes(
                        Route.newBuilder()
                            .setMatch(RouteMatch.newBuilder().setPrefix(""))
                            .setRoute(action)))
            .build();
    HttpConnectionManager manager =
        HttpConnectionManager.newBuilder()
            .setRouteConfig(routes)
            .addHttpFilters(
                HttpFilter.newBuilder()
                    .setName("router")
                    .setTypedConfig(Any.pack(Router.getDefaultInstance())))
            .build();
    return Listener.newBuilder()
        .setName(SERVERS)
        .setApiListener(ApiListener.newBuilder().setApiListener(Any.pack(manager)))
        .build();
  }

  @Override
  public void close() {
    server.shutdownNow();
    try {
      if (!server.awaitTermination(10, TimeUnit.SECONDS)) {
        throw new AssertionError("the control plane still runs");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
