"""The catalogue: one YAML file for each service and team, and its typed reader."""
