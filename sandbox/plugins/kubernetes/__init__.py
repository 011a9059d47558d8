"""The stand-in `kubernetes`: any kind by server-side apply, and Helm releases by the helm binary."""
