"""What watches the servers: ServiceMonitor or statsd's mappings, PrometheusRule, dashboard; one file declares them."""
