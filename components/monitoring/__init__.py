"""What watches the servers: ServiceMonitor, PrometheusRule, a dashboard; and one file that declares them."""
