"""Two applications that show the secrets they were given: `orders` in shop (sidecar), `web` in blog (init-only)."""
